// What of the keys page is in the address, and the list that follows from it.
import { api } from '@/api/client';
import { pagesOptions, usePages } from '@/api/pages';
import { queryClient } from '@/api/queryClient';
import type { Key } from './columns';

/** What is chosen elsewhere, and shown and taken off here. */
export const tagNames = ['permission', 'partner', 'created_by', 'tag', 'owner', 'expires_before', 'idle_since', 'finding'] as const;
/** What can be typed. */
export const filterNames = ['permission', 'partner', 'created_by', 'tag', 'owner', 'expires_before', 'idle_since'] as const;

export const defaults = { q: '', status: 'live', sort: '-created_at', columns: '', permission: '', partner: '', created_by: '', tag: '', owner: '', expires_before: '', idle_since: '', finding: '' };
export type KeysState = typeof defaults;
export type SetKeysState = (patch: Partial<KeysState>) => void;

/** Whether anything narrows the list. */
export function isFiltered(state: KeysState): boolean {
  return state.q !== '' || state.status !== 'live' || tagNames.some((name) => state[name] !== '');
}

/** What is asked for, as TanStack Query and the API know it. */
function asking({ columns: _, ...asked }: KeysState, usage: boolean) {
  const said = Object.fromEntries(
    Object.entries(asked)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, /^\d{4}-\d\d-\d\d$/.test(value) && (name === 'expires_before' || name === 'idle_since') ? `${value}T00:00:00Z` : value]),
  );
  return [
    ['keys', 'list', said, usage],
    ({ cursor, signal }: { cursor: string | undefined; signal: AbortSignal }) => api.GET('/v1/keys', { params: { query: { ...said, ...(usage && { usage: '14d' }), limit: 100, cursor } }, signal }),
  ] as const;
}

/** `usage` asks for the days of a column of their own. */
export function useKeys(state: KeysState, usage: boolean) {
  return usePages<Key>(...asking(state, usage));
}

/** Asks for the first page while the code that shows it is on its way. */
export function prefetchKeys(usage: boolean) {
  void queryClient.prefetchInfiniteQuery(pagesOptions<Key>(...asking(defaults, usage)));
}
