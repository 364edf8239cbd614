// Who is signed in, and what they may do where they act.
import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { api } from './client';
import { interrupt } from './interruptions';
import type { components } from './schema';

export type OwnSession = components['schemas']['OwnSession'];
/** A management permission, e.g. `claviger:keys.read`. */
export type Permission = `claviger:${string}`;

/** The session; `null` where nobody is signed in. */
export const sessionOptions = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  retry: false,
  queryFn: async ({ signal, client, queryKey }): Promise<OwnSession | null> => {
    for (;;) {
      const { data, error, response } = await api.GET('/v1/session', { signal });
      if (data) return data;
      if (response.status !== 401) throw error;
      // Whoever was in is asked to come in again, so that what they were at is not lost.
      const before = client.getQueryData<OwnSession | null>(queryKey);
      if (!before || !(await interrupt('expired'))) return before ?? null;
    }
  },
});

/** The session, on pages that only somebody who is signed in sees. */
export function useSession(): OwnSession {
  const { data } = useSuspenseQuery(sessionOptions);
  if (!data) throw new Error('nobody is signed in');
  return data;
}

function covers(pattern: string, wanted: string): boolean {
  const [resource, action] = pattern.split(':');
  const [wantedResource, wantedAction] = wanted.split(':');
  // Claviger's own permissions are only reached where they are named (domain/access/pattern.rs).
  if (resource !== wantedResource || !action || !wantedAction) return false;
  return action === '*' || action === wantedAction || (action.endsWith('.*') && wantedAction.startsWith(action.slice(0, -1)));
}

/** Whether a session may do something. The server decides; this only says what is worth offering. */
export function may(session: OwnSession, permission: Permission | 'operator'): boolean {
  if (session.operator) return true;
  if (permission === 'operator') return false;
  return session.permissions.some((pattern) => covers(pattern, permission));
}

/** `const may = useMay(); may('claviger:keys.create')` */
export function useMay(): (permission: Permission | 'operator') => boolean {
  const session = useSession();
  return (permission) => may(session, permission);
}
