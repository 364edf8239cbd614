import { Disclosure, DisclosurePanel, DisclosureTitle } from '@react-spectrum/s2/Disclosure';
import { Link } from '@react-spectrum/s2/Link';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { lazy, Suspense, type ReactNode } from 'react';
import { named } from './named';
import { bars, outcomes, spans, type Span } from './usage';
import { UsageLoading } from './UsageLoading';
import { useUsage, type Whose } from './useUsage';
import type { components } from '@/api/schema';
import { Figure, Figures } from '@/components/Figures';
import { count, percent, shortTime } from '@/components/format';
import { PlainTable } from '@/components/PlainTable';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { usage as words } from '@/strings/en/usage';

type Report = components['schemas']['UsageReport'];

// The chart's library is loaded here alone.
const UsageChart = lazy(() => import('./UsageChart'));

const choices = Object.entries(words.spans).map(([id, name]) => ({ id, name }));
const column = style({ display: 'flex', flexDirection: 'column', gap: 24, minWidth: 0 });

function Ranking({ title, rows, none }: { title: string; rows: readonly { id: string; what: ReactNode; told: string }[]; none?: string }) {
  return (
    <section aria-label={title} className={style({ minWidth: 0 })}>
      <h3 className={style({ font: 'title-sm', margin: 0, marginBottom: 8 })}>{title}</h3>
      {rows.length === 0 && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{none}</p>}
      <ol className={style({ listStyleType: 'none', margin: 0, padding: 0 })}>
        {rows.map((row) => (
          <li key={row.id} className={style({ display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', gap: 16, paddingY: 8, font: 'ui', borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-100' })}>
            <span className={`name ${style({ minWidth: 0 })}`}>{row.what}</span>
            <span className={`tabular ${style({ font: 'ui-sm', color: 'neutral-subdued', whiteSpace: 'nowrap' })}`}>{row.told}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Rankings({ report }: { report: Report }) {
  const keys = report.keys ?? [];
  return (
    <div className={style({ display: 'grid', gap: 24, gridTemplateColumns: { default: ['minmax(0, 1fr)'], lg: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] } })}>
      {report.keys && (
        <Ranking
          title={words.busiest}
          rows={keys.map((key) => ({ id: key.id, what: <Link isStandalone isQuiet variant="secondary" href={`/keys/${key.id}`}>{key.name}</Link>, told: count(key.total) }))}
        />
      )}
      <Ranking
        title={words.errors}
        none={words.noErrors}
        rows={report.errors.map((error) => ({ id: error.code, what: words.codes[error.code] ?? error.code, told: count(error.count) }))}
      />
    </div>
  );
}

function Told({ report, step }: { report: Report; step: 'hour' | 'day' | 'month' }) {
  const codes = outcomes(report.by_code);
  const stacks = bars(report.buckets);
  const accepted = report.by_code.VALID ?? 0;
  return (
    <>
      <Figures>
        <Figure name={words.total} value={count(report.total)} />
        <Figure name={words.accepted} value={percent(accepted, report.total)} beside={count(accepted)} />
        <Figure name={words.refused} value={percent(report.total - accepted, report.total)} beside={count(report.total - accepted)} />
        {report.latency && <Figure name={words.latency} value={shortTime(report.latency.p95_us)} beside={words.latencyBeside} />}
      </Figures>
      <section aria-label={words.title} className={style({ minHeight: 320 })}>
        <Suspense fallback={<Loading />}><UsageChart bars={stacks} codes={codes} step={step} /></Suspense>
      </section>
      <Rankings report={report} />
      {report.dropped > 0 && <p className={style({ font: 'ui', color: 'negative', margin: 0 })}>{words.dropped(count(report.dropped))}</p>}
      <Disclosure isQuiet>
        <DisclosureTitle>{words.asTable}</DisclosureTitle>
        <DisclosurePanel>
          <PlainTable
            label={words.title}
            head={[words.when, ...codes.map((code) => words.codes[code] ?? code)]}
            rows={stacks.map((bar) => ({ id: String(bar.at), cells: [named(step)(bar.at), ...codes.map((code) => count(bar.counts[code] ?? 0))] }))}
          />
        </DisclosurePanel>
      </Disclosure>
    </>
  );
}

/** How often was answered what, over time: of the organisation, an API, a service account or a key. */
export default function UsagePanel({ whose, usual = 'month' }: { whose: Whose; usual?: Span }) {
  const [state, setState] = useUrlState({ span: usual as string });
  const span = state.span in spans ? (state.span as Span) : usual;
  const { data, error, refetch } = useUsage(whose, span);
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  return (
    <div className={column}>
      <div>
        <Picker aria-label={words.span} value={span} onChange={(next) => setState({ span: String(next) })} items={choices} styles={style({ width: 176 })}>
          {(one) => <PickerItem id={one.id} textValue={one.name}>{one.name}</PickerItem>}
        </Picker>
      </div>
      {!data ? <UsageLoading /> : data.report.total === 0 ? <EmptyState title={words.none}>{words.noneText}</EmptyState> : <Told report={data.report} step={data.step} />}
    </div>
  );
}
