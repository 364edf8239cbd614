// Everybody who could be asked about: people, service accounts and keys, found by name, each where one may see them.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { useDebounced } from '@/hooks/useDebounced';

export interface Found {
  id: string;
  name: string;
  type: 'user' | 'service_account' | 'key';
  detail: string;
}

export function usePrincipals(text: string): { found: Found[]; isFetching: boolean } {
  const may = useMay();
  const q = useDebounced(text.trim(), 150) || undefined;
  const sees = { users: may('claviger:users.read'), accounts: may('claviger:accounts.read'), keys: may('claviger:keys.read') };
  const { data, isFetching } = useQuery({
    queryKey: ['permissions', 'principals', q, sees],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Found[]> => {
      const query = { q, limit: 8 };
      const [users, accounts, keys] = await Promise.all([
        sees.users ? api.GET('/v1/users', { params: { query }, signal }) : undefined,
        sees.accounts ? api.GET('/v1/service-accounts', { params: { query }, signal }) : undefined,
        sees.keys ? api.GET('/v1/keys', { params: { query }, signal }) : undefined,
      ]);
      return [
        ...(users?.data?.items ?? []).map((one): Found => ({ id: one.id, name: one.name, type: 'user', detail: one.email })),
        ...(accounts?.data?.items ?? []).map((one): Found => ({ id: one.id, name: one.name, type: 'service_account', detail: one.username })),
        ...(keys?.data?.items ?? []).map((one): Found => ({ id: one.id, name: one.name, type: 'key', detail: one.display })),
      ];
    },
  });
  return { found: data ?? [], isFetching };
}
