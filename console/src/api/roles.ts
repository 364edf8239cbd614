// All roles at once, for fields and names: there are a thousand at the most.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from './client';
import type { components } from './schema';
import { useMay } from './session';

export type Role = components['schemas']['Role'];

export const rolesOptions = queryOptions({
  queryKey: ['roles', 'all'],
  staleTime: 30_000,
  queryFn: async ({ signal }) => {
    const roles: Role[] = [];
    let cursor: string | undefined;
    do {
      const { data, error } = await api.GET('/v1/roles', { params: { query: { limit: 500, cursor } }, signal });
      if (!data) throw error;
      roles.push(...data.items);
      cursor = data.next_cursor ?? undefined;
    } while (cursor);
    return roles;
  },
});

export const catalogueOptions = queryOptions({
  queryKey: ['permissions', 'catalogue'],
  staleTime: 30_000,
  queryFn: async ({ signal }) => {
    const { data, error } = await api.GET('/v1/permissions', { signal });
    if (!data) throw error;
    return data;
  },
});

/** The roles, for whoever may see them; else none. */
export function useRoles(): Role[] {
  const may = useMay();
  return useQuery({ ...rolesOptions, enabled: may('claviger:roles.read') }).data ?? [];
}
