import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { since, stepOf, type Span } from './usage';
import { api } from '@/api/client';

/** Whose usage. */
export type Whose = { of: 'organisation' } | { of: 'api' | 'account' | 'key'; id: string };

/** Days and months are those of the reader. */
const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

function ask(whose: Whose, span: Span, signal: AbortSignal) {
  const query = { since: since(span, new Date()).toISOString(), step: stepOf(span), timezone, top: 5 };
  if (whose.of === 'organisation') return api.GET('/v1/usage', { params: { query }, signal });
  const params = { path: { id: whose.id }, query };
  if (whose.of === 'api') return api.GET('/v1/apis/{id}/usage', { params, signal });
  if (whose.of === 'account') return api.GET('/v1/service-accounts/{id}/usage', { params, signal });
  return api.GET('/v1/keys/{id}/usage', { params, signal });
}

/** How often was answered what, in the steps of a span. */
export function useUsage(whose: Whose, span: Span) {
  return useQuery({
    queryKey: ['usage', whose, span],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data, error } = await ask(whose, span, signal);
      if (!data) throw error;
      // What is shown belongs to the span that was asked for, also while the next one is on its way.
      return { report: data, step: stepOf(span) };
    },
  });
}
