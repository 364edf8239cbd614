import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Account } from './actions';
import { busiestHour, inAnHour, outcomes } from './usage';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { count, percent } from '@/components/format';
import { ShareBar } from '@/components/ShareBar';
import { Section, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { accounts as words } from '@/strings/en/accounts';

const { usage } = words;
const WEEK = 7 * 86_400_000;

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div className={style({ flexGrow: 1 })}>
      <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{label}</div>
      <div className={`tabular ${style({ font: 'heading' })}`}>{value}</div>
    </div>
  );
}

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

/** What was asked with its keys in a week, and how near that came to its limits. */
export function Usage({ account }: { account: Account }) {
  const quotas = useQuotas(account);
  const [since] = useState(() => new Date(Date.now() - WEEK).toISOString());
  const report = query.useQuery('get', '/v1/service-accounts/{id}/usage', { params: { path: { id: account.id }, query: { since } } });
  if (report.isPending) return <Loading />;
  if (report.error) return <ErrorState error={report.error} retry={() => void report.refetch()} />;
  const { total } = report.data;
  const accepted = report.data.by_code.VALID ?? 0;
  const peak = busiestHour(report.data);
  return (
    <Sections
      aside={
        <Section title={usage.limits}>
          {account.rate_limits.map((limit) => (
            <Part key={limit.name} label={usage.peak(limit.name, count(inAnHour(limit)))} used={peak} of={inAnHour(limit)} />
          ))}
          {quotas.map((key) => key.quota && <Part key={key.id} label={usage.quota(key.name, key.quota.per)} used={key.quota.used ?? 0} of={key.quota.limit} />)}
          {account.rate_limits.length === 0 && quotas.length === 0 && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{usage.noLimits}</p>}
        </Section>
      }>
      <Section title={usage.title}>
        <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 24 })}>
          <Figure label={usage.total} value={count(total)} />
          <Figure label={usage.accepted} value={count(accepted)} />
          <Figure label={usage.refused} value={count(total - accepted)} />
        </div>
        {total === 0 ? (
          <p className={style({ font: 'ui', margin: 0 })}>{usage.none}</p>
        ) : (
          <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 12 })}>
            {outcomes(report.data).map((one) => (
              <li key={one.code}>
                <ShareBar
                  label={words.codes[one.code] ?? one.code}
                  told={`${count(one.count)} · ${percent(one.count, total)}`}
                  share={one.count / total}
                  tone={one.code === 'VALID' ? 'good' : 'bad'}
                />
              </li>
            ))}
          </ul>
        )}
      </Section>
    </Sections>
  );
}
