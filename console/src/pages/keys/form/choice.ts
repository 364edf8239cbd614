// What there is to choose from in the form, as the server says it.
import { useQuery } from '@tanstack/react-query';
import type { Draft } from './draft';
import type { Choice } from './grants';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';

/** The catalogue and the roles on offer; without the permission to see them the form does with typed patterns. */
export function useOffers() {
  const sees = useMay()('claviger:roles.read');
  const catalogue = query.useQuery('get', '/v1/permissions', {}, { enabled: sees, staleTime: 60_000 });
  const roles = query.useQuery('get', '/v1/roles', { params: { query: { offered: true, sort: 'name', limit: 200 } } }, { enabled: sees, staleTime: 60_000 });
  return { catalogue: catalogue.data, roles: roles.data?.items ?? [], levels: catalogue.data?.levels ?? [] };
}

type Offers = ReturnType<typeof useOffers>;

/** What a draft grants, with what its owner holds beside it. */
export function useChoice(draft: Draft, { roles, levels }: Offers): Choice {
  const standsForItself = draft.ownerKind === 'organisation';
  const owner = useQuery({
    queryKey: ['effective', draft.owner],
    enabled: !standsForItself && draft.owner !== '',
    queryFn: async ({ signal }) => {
      const { data, error } = await api.GET('/v1/permissions/effective', { params: { query: { principal: draft.owner } }, signal });
      if (!data) throw error;
      return data.permissions.map((one) => one.pattern);
    },
  });
  const byRole = [...roles, ...levels].filter((role) => draft.roles.includes(role.id)).flatMap((role) => role.permissions);
  return { own: [...draft.permissions, ...byRole], owner: standsForItself ? undefined : (owner.data ?? []) };
}
