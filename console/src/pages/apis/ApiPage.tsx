import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { ApiMenu, ApiState, RemoveApi, type Api } from './actions';
import { ApiOrganisations } from './ApiOrganisations';
import { GatewayPanel } from './GatewayPanel';
import { query } from '@/api/client';
import { useMay } from '@/api/session';
import { useParam } from '@/app/router';
import { AuditTrail } from '@/components/AuditTrail';
import { Code, Facts } from '@/components/Facts';
import { Page, PageHeader } from '@/components/PageHeader';
import { Panel, Section, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { useUrlState } from '@/hooks/useUrlState';
import { apis as words } from '@/strings/en/apis';

const UsagePanel = lazy(() => import('@/components/usage/UsagePanel'));

const quiet = style({ color: 'neutral-subdued' });
const line = style({ display: 'grid', columnGap: 16, rowGap: 4, paddingY: 8, font: 'ui', borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200', gridTemplateColumns: { default: ['minmax(0, 1fr)'], sm: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] } });
const bare = style({ listStyleType: 'none', margin: 0, padding: 0 });
const code = style({ font: 'code-sm', overflowWrap: 'anywhere' });

function Declared({ of }: { of: Api }) {
  return (
    <>
      <Section title={words.routes.title} lead={words.routes.lead}>
        {of.routes.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.routes.none}</p>}
        <ul className={bare}>
          {of.routes.map((route) => (
            <li key={`${route.method} ${route.path}`} className={line}>
              <code className={code}><strong>{route.method}</strong> {route.path}</code>
              <code className={`${code} ${quiet}`}>{route.requires ?? words.routes.nothing}</code>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={words.permissions.title}>
        {of.permissions.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.permissions.none}</p>}
        <ul className={bare}>
          {of.permissions.map((permission) => (
            <li key={permission.name} className={line}>
              <code className={code}>{permission.name}</code>
              <span className={`name ${quiet}`}>{permission.description}</span>
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}

export default function ApiPage() {
  const id = useParam('id');
  const may = useMay();
  const router = useRouter();
  const [{ tab }, setState] = useUrlState({ tab: 'overview' });
  const [removing, setRemoving] = useState(false);
  const found = query.useQuery('get', '/v1/apis/{id}', { params: { path: { id } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const of = found.data;
  return (
    <Page>
      <PageHeader
        title={of.name}
        beside={<ApiState of={of} />}
        lead={<span className="name">{of.description}</span>}
        above={[{ label: words.title, href: '/apis' }]}
        actions={
          <>
            <ApiMenu of={of} onRemove={() => setRemoving(true)} />
            {may('claviger:apis.manage') && of.kept && <LinkButton variant="accent" href={`/apis/${of.id}/edit`}>{words.actions.edit}</LinkButton>}
          </>
        }
      />
      <Tabs aria-label={of.name} selectedKey={tab} onSelectionChange={(key) => setState({ tab: String(key) })} styles={style({ width: 'full' })}>
        <TabList>
          <Tab id="overview">{words.tabs.overview}</Tab>
          {may('claviger:usage.read') && <Tab id="usage">{words.tabs.usage}</Tab>}
          <Tab id="gateways">{words.tabs.gateways}</Tab>
          {may('claviger:audit.read') && <Tab id="history">{words.tabs.history}</Tab>}
        </TabList>
        <TabPanel id="overview">
          <Panel>
            <Sections
              aside={
                <>
                  <Section title={words.title}>
                    <Facts
                      facts={[
                        { label: words.fields.slug, value: <Code text={of.slug} what={words.fields.slug} />, wide: true },
                        { label: words.fields.id, value: <Code text={of.id} what={words.fields.id} />, wide: true },
                        { label: words.fields.createdAt, value: <Time at={of.created_at} /> },
                        { label: words.fields.keptHere, value: of.kept ? words.fields.here : words.guest },
                      ]}
                    />
                  </Section>
                  {may('operator') && <ApiOrganisations of={of} />}
                </>
              }>
              <Declared of={of} />
            </Sections>
          </Panel>
        </TabPanel>
        <TabPanel id="usage"><Panel><Suspense fallback={<Loading />}><UsagePanel whose={{ of: 'api', id: of.id }} /></Suspense></Panel></TabPanel>
        <TabPanel id="gateways"><Panel><GatewayPanel slug={of.slug} /></Panel></TabPanel>
        <TabPanel id="history"><Panel><AuditTrail target={of.id} /></Panel></TabPanel>
      </Tabs>
      {removing && <RemoveApi of={of} onClose={() => setRemoving(false)} onGone={() => void router.navigate({ href: '/apis', replace: true })} />}
    </Page>
  );
}
