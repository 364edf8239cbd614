import { Disclosure, DisclosurePanel, DisclosureTitle } from '@react-spectrum/s2/Disclosure';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Plain } from './Block';
import { bars, outcomes, spans, stepOf, type Span } from './usage';
import { api } from '@/api/client';
import { Figure, Figures } from '@/components/Figures';
import { count, hourOf, percent, shortDay } from '@/components/format';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { keyPage as words } from '@/strings/en/key';

// The chart's library is loaded here alone.
const UsageChart = lazy(() => import('./UsageChart'));

const choices = Object.entries(words.spans).map(([id, name]) => ({ id, name }));

function useUsage(id: string, span: Span) {
  return useQuery({
    queryKey: ['keys', 'usage', id, span],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const until = new Date();
      const since = new Date(until.getTime() - spans[span] * 86_400_000);
      const { data, error } = await api.GET('/v1/keys/{id}/usage', { params: { path: { id }, query: { since: since.toISOString(), until: until.toISOString() } }, signal });
      if (!data) throw error;
      return { report: data, codes: outcomes(data.by_code), step: stepOf(span), stacks: bars(data.buckets, since, until, stepOf(span)) };
    },
  });
}

/** How often a key was answered what, over time. */
export default function Usage({ id }: { id: string }) {
  const [state, setState] = useUrlState({ span: 'month' });
  const span = state.span in spans ? (state.span as Span) : 'month';
  const { data, error, refetch } = useUsage(id, span);
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const { report, codes, step, stacks } = data;
  const accepted = report.by_code.VALID ?? 0;
  const named = step === 'hour' ? hourOf : shortDay;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 24 })}>
      <div>
        <Picker aria-label={words.span} value={span} onChange={(next) => setState({ span: String(next) })} items={choices} styles={style({ width: 176 })}>
          {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
        </Picker>
      </div>
      {report.total === 0 ? (
        <EmptyState title={words.noUsage}>{words.noUsageText}</EmptyState>
      ) : (
        <>
          <Figures>
            <Figure name={words.total} value={count(report.total)} />
            <Figure name={words.accepted} value={count(accepted)} beside={percent(accepted, report.total)} />
            <Figure name={words.refused} value={count(report.total - accepted)} beside={percent(report.total - accepted, report.total)} />
          </Figures>
          <section aria-label={words.usageTitle} className={style({ minHeight: 320 })}>
            <Suspense fallback={<Loading />}><UsageChart bars={stacks} codes={codes} step={step} /></Suspense>
          </section>
          <Disclosure isQuiet>
            <DisclosureTitle>{words.asTable}</DisclosureTitle>
            <DisclosurePanel>
              <Plain
                label={words.usageTitle}
                head={[words.when, ...codes.map((code) => words.codes[code] ?? code)]}
                rows={stacks.map((bar) => ({ id: String(bar.at), cells: [named(bar.at), ...codes.map((code) => count(bar.counts[code] ?? 0))] }))}
              />
            </DisclosurePanel>
          </Disclosure>
        </>
      )}
    </div>
  );
}
