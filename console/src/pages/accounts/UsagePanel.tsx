import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { Account } from './actions';
import { busiestHour, inAnHour } from './usage';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { count } from '@/components/format';
import { ShareBar } from '@/components/ShareBar';
import { Section, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { accounts as words } from '@/strings/en/accounts';

const UsagePanel = lazy(() => import('@/components/usage/UsagePanel'));

const { usage } = words;
const WEEK = 7 * 86_400_000;

/** A part of what is allowed; it warns from three quarters on. */
function Part({ label, used, of }: { label: string; used: number; of: number }) {
  const share = of === 0 ? 1 : used / of;
  return <ShareBar label={label} told={usage.used(count(used), count(of))} share={share} tone={share >= 0.95 ? 'bad' : share >= 0.75 ? 'warning' : 'good'} />;
}

/** The live keys that have a quota. */
function useQuotas(account: Account) {
  const may = useMay();
  const keys = useQuery({
    queryKey: ['accounts', 'quotas', account.id],
    enabled: may('claviger:keys.read'),
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/service-accounts/{id}/keys', { params: { path: { id: account.id }, query: { limit: 100 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items.filter((key) => key.quota && typeof key.quota.used === 'number');
    },
  });
  return keys.data ?? [];
}

/** How near its busiest hour of a week, and its keys, came to what they may. */
function Limits({ account }: { account: Account }) {
  const quotas = useQuotas(account);
  const [since] = useState(() => new Date(Date.now() - WEEK).toISOString());
  const report = query.useQuery('get', '/v1/service-accounts/{id}/usage', { params: { path: { id: account.id }, query: { since, top: 0 } } });
  if (report.isPending) return <Loading />;
  if (report.error) return <ErrorState error={report.error} retry={() => void report.refetch()} />;
  const peak = busiestHour(report.data);
  return (
    <Section title={usage.limits} lead={usage.limitsLead}>
      {account.rate_limits.map((limit) => (
        <Part key={limit.name} label={usage.peak(limit.name, count(inAnHour(limit)))} used={peak} of={inAnHour(limit)} />
      ))}
      {quotas.map((key) => key.quota && <Part key={key.id} label={usage.quota(key.name, key.quota.per)} used={key.quota.used ?? 0} of={key.quota.limit} />)}
      {account.rate_limits.length === 0 && quotas.length === 0 && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{usage.noLimits}</p>}
    </Section>
  );
}

/** What was asked with its keys, and how near that came to its limits. */
export function Usage({ account }: { account: Account }) {
  return (
    <Sections aside={<Limits account={account} />}>
      <Suspense fallback={<Loading />}><UsagePanel whose={{ of: 'account', id: account.id }} usual="week" /></Suspense>
    </Sections>
  );
}
