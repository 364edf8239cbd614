import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Button } from '@react-spectrum/s2/Button';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { AccountDialog, AccountMenu, newKeyFor, useActivate, type Asked } from './actions';
import { Keys, Properties } from './Overview';
import { Requests } from './Requests';
import { Usage } from './UsagePanel';
import { api, query } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { useParam } from '@/app/router';
import { History } from '@/components/History';
import { Page, PageHeader } from '@/components/PageHeader';
import { Panel, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { StatusBadge } from '@/components/StatusBadge';
import { useUrlState } from '@/hooks/useUrlState';
import { accounts as words } from '@/strings/en/accounts';

function AccountHistory({ id }: { id: string }) {
  const records = usePages<components['schemas']['AuditRecord']>(['accounts', 'events', id], ({ cursor, signal }) =>
    api.GET('/v1/service-accounts/{id}/events', { params: { path: { id }, query: { limit: 25, cursor } }, signal }),
  );
  return <History records={records} />;
}

export default function AccountPage() {
  const id = useParam('id');
  const may = useMay();
  const router = useRouter();
  const [{ tab }, setState] = useUrlState({ tab: 'overview' });
  const [asked, setAsked] = useState<Asked>();
  const activate = useActivate();
  const found = query.useQuery('get', '/v1/service-accounts/{id}', { params: { path: { id } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const account = found.data;
  const over = account.status === 'deleted';
  const manages = may('claviger:accounts.manage') && !over;
  return (
    <Page>
      <PageHeader
        title={account.name}
        beside={<StatusBadge status={account.status} />}
        lead={<span className="name">{account.purpose}</span>}
        above={[{ label: words.title, href: '/service-accounts' }]}
        actions={
          <>
            <AccountMenu account={account} onAsk={setAsked} />
            {manages && <Button variant="secondary" onPress={() => setAsked('edit')}>{words.actions.edit}</Button>}
            {manages && account.status === 'inactive' && <Button variant="secondary" isPending={activate.isRunning} onPress={() => activate.run(account)}>{words.actions.activate}</Button>}
            {!over && may('claviger:keys.create') && <LinkButton variant="accent" href={newKeyFor(account)}>{words.actions.createKey}</LinkButton>}
          </>
        }
      />
      {!account.owner && !over && (
        <InlineAlert variant="notice" fillStyle="subtleFill" styles={style({ marginBottom: 16 })}>
          <Heading>{words.noOwner}</Heading>
          <Content>{words.noOwnerText}</Content>
        </InlineAlert>
      )}
      <Tabs aria-label={account.name} selectedKey={tab} onSelectionChange={(key) => setState({ tab: String(key) })} styles={style({ width: 'full' })}>
        <TabList>
          <Tab id="overview">{words.tabs.overview}</Tab>
          {may('claviger:usage.read') && <Tab id="usage">{words.tabs.usage}</Tab>}
          {may('claviger:usage.read') && <Tab id="requests">{words.tabs.requests}</Tab>}
          {may('claviger:audit.read') && <Tab id="history">{words.tabs.history}</Tab>}
        </TabList>
        <TabPanel id="overview"><Panel>
          <Sections aside={may('claviger:keys.read') && <Keys account={account} />}>
            <Properties account={account} />
          </Sections>
        </Panel></TabPanel>
        <TabPanel id="usage"><Panel><Usage account={account} /></Panel></TabPanel>
        <TabPanel id="requests"><Panel><Requests account={account} /></Panel></TabPanel>
        <TabPanel id="history"><Panel><AccountHistory id={account.id} /></Panel></TabPanel>
      </Tabs>
      <AccountDialog asked={asked} account={account} onClose={() => setAsked(undefined)} onGone={() => void router.navigate({ href: '/service-accounts', replace: true })} />
    </Page>
  );
}
