// Whether an organisation has had no key made by anybody yet, and how far its set-up has come in this browser.
import { useQuery } from '@tanstack/react-query';
import { api } from './client';

const KEY = 'claviger.first-run';

/** None while it is not known. Those keys that the installation makes for itself at the start are no sign of life. */
export function useFresh(isWanted: boolean): boolean | undefined {
  const { data, isError } = useQuery({
    queryKey: ['keys', 'fresh'],
    enabled: isWanted,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/keys', { params: { query: { status: 'all', sort: '-created_at', limit: 3 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.next_cursor === null && answer.data.items.every((key) => key.created_by.type === 'system');
    },
  });
  // Who cannot be told is left alone.
  return isError ? false : data;
}

/** The step at which the set-up was left; the name of a step and nothing else is kept. */
export function keptStep(): string | undefined {
  return localStorage.getItem(KEY) ?? undefined;
}

export function keepStep(step: string | undefined) {
  if (step) localStorage.setItem(KEY, step);
  else localStorage.removeItem(KEY);
}
