import { Button } from '@react-spectrum/s2/Button';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Banner } from './Banner';
import { Facts } from './Facts';
import { Permissions } from './Permissions';
import { RightSize } from './RightSize';
import { Secrets } from './Secrets';
import { Unusual } from './Unusual';
import { query } from '@/api/client';
import { useMay } from '@/api/session';
import { useParam } from '@/app/router';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading } from '@/components/states';
import { StatusBadge } from '@/components/StatusBadge';
import { useUrlState } from '@/hooks/useUrlState';
import { isOver, KeyMenu, type KeyRow } from '@/pages/keys/actions';
import { KeyDialogs, type Asked } from '@/pages/keys/dialogs/KeyDialogs';
import { keyPage as words } from '@/strings/en/key';
import { keys } from '@/strings/en/keys';
import { shell } from '@/strings/en/shell';

const UsagePanel = lazy(() => import('@/components/usage/UsagePanel'));
const Requests = lazy(() => import('./Requests'));
const History = lazy(() => import('./History'));

const panel = style({ marginTop: 24 });

function Content({ row }: { row: KeyRow }) {
  const may = useMay();
  const router = useRouter();
  const [{ tab }, setState] = useUrlState({ tab: 'facts' });
  const [asked, setAsked] = useState<Asked>();
  const edits = may('claviger:keys.update') && !isOver(row);
  const watches = may('claviger:usage.read');
  const audits = may('claviger:audit.read');
  return (
    <>
      <PageHeader
        title={row.name}
        beside={<StatusBadge status={row.status} />}
        lead={row.description && <span className="name">{row.description}</span>}
        above={[{ label: shell.pages.keys, href: '/keys' }]}
        actions={
          <>
            {edits && <LinkButton variant="secondary" href={`/keys/${row.id}/edit`}>{keys.actions.edit}</LinkButton>}
            {edits && <Button variant="secondary" onPress={() => setAsked({ what: 'rotate', row })}>{keys.actions.rotate}</Button>}
            <KeyMenu row={row} onPage onAsk={(what, one) => setAsked({ what, row: one })} />
          </>
        }
      />
      <Banner row={row} />
      <Unusual row={row} />
      <Tabs aria-label={words.label} selectedKey={tab} onSelectionChange={(next) => setState({ tab: String(next) })}>
        <TabList>
          <Tab id="facts">{words.tabs.facts}</Tab>
          {watches && <Tab id="usage">{words.tabs.usage}</Tab>}
          {watches && <Tab id="requests">{words.tabs.requests}</Tab>}
          {audits && <Tab id="history">{words.tabs.history}</Tab>}
        </TabList>
        <TabPanel id="facts" styles={panel}>
          <div className={style({ display: 'grid', gridTemplateColumns: { default: ['minmax(0, 1fr)'], lg: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] }, columnGap: 40, rowGap: 32, alignItems: 'start' })}>
            <Facts row={row} />
            <div className={style({ display: 'flex', flexDirection: 'column', gap: 32 })}>
              <Permissions row={row} />
              {watches && <RightSize row={row} />}
              <Secrets row={row} />
            </div>
          </div>
        </TabPanel>
        {watches && <TabPanel id="usage" styles={panel}><Suspense fallback={<Loading />}><UsagePanel whose={{ of: 'key', id: row.id }} /></Suspense></TabPanel>}
        {watches && <TabPanel id="requests" styles={panel}><Suspense fallback={<Loading />}><Requests id={row.id} /></Suspense></TabPanel>}
        {audits && <TabPanel id="history" styles={panel}><Suspense fallback={<Loading />}><History id={row.id} /></Suspense></TabPanel>}
      </Tabs>
      <KeyDialogs asked={asked} onClose={() => setAsked(undefined)} onErased={() => void router.navigate({ href: '/keys', replace: true })} />
    </>
  );
}

export default function KeyPage() {
  const id = useParam('id');
  const key = query.useQuery('get', '/v1/keys/{id}', { params: { path: { id } } });
  return (
    <Page>
      {key.data ? <Content row={key.data} /> : key.error ? <ErrorState error={key.error} retry={() => void key.refetch()} /> : <Loading />}
    </Page>
  );
}
