import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { lazy, Suspense } from 'react';
import { Attention } from './Attention';
import { FirstKey } from './FirstKey';
import { query } from '@/api/client';
import { useMay } from '@/api/session';
import { Figure, Figures } from '@/components/Figures';
import { count } from '@/components/format';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading, NoPermission } from '@/components/states';
import { UsageLoading } from '@/components/usage/UsageLoading';
import { keys } from '@/strings/en/keys';
import { overview as words } from '@/strings/en/overview';

const UsagePanel = lazy(() => import('@/components/usage/UsagePanel'));

/** The key that began the installation does not count as one that somebody made here. */
function isFirst(total: number): boolean {
  return total <= 1;
}

function Content() {
  const may = useMay();
  const summary = query.useQuery('get', '/v1/keys/summary');
  if (summary.error) return <ErrorState error={summary.error} retry={() => void summary.refetch()} />;
  if (!summary.data) return <Loading />;
  const { total, active, expiring_soon, expired, disabled, revoked, deleted } = summary.data;
  if (isFirst(total)) return <FirstKey />;
  return (
    <>
      <Figures>
        <Figure name={words.figures.total} value={count(total)} beside={words.beside.total(revoked + deleted)} href="/keys?status=all" />
        <Figure name={words.figures.active} value={count(active)} beside={words.beside.active(disabled)} href="/keys?status=active" />
        <Figure name={words.figures.expiring} value={count(expiring_soon)} beside={words.beside.expiring} href="/keys?status=expiring_soon&sort=expires_at" />
        <Figure name={words.figures.expired} value={count(expired)} beside={words.beside.expired} href="/keys?status=expired" />
      </Figures>
      {may('claviger:usage.read') && (
        <section aria-label={words.traffic} className={style({ marginTop: 32 })}>
          <h2 className={style({ font: 'title-lg', margin: 0, marginBottom: 16 })}>{words.traffic}</h2>
          <Suspense fallback={<UsageLoading />}><UsagePanel whose={{ of: 'organisation' }} /></Suspense>
        </section>
      )}
      <Attention />
    </>
  );
}

/** How the keys stand, and which of them need somebody. */
export default function OverviewPage() {
  const may = useMay();
  const reads = may('claviger:keys.read');
  const { data } = query.useQuery('get', '/v1/keys/summary', {}, { enabled: reads });
  // The guide to the first key has a button of its own.
  const create = may('claviger:keys.create') && data && !isFirst(data.total) && <LinkButton variant="accent" href="/keys/new">{keys.create}</LinkButton>;
  return (
    <Page>
      <PageHeader title={words.title} lead={words.lead} actions={create} />
      {reads ? <Content /> : <NoPermission permission="claviger:keys.read" />}
    </Page>
  );
}
