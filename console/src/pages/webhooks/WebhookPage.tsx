import { Button } from '@react-spectrum/s2/Button';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { useSwitchOn, useTest, WebhookMenu, WebhookState, type Webhook } from './actions';
import { Messages } from './Messages';
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
import { webhooks as words } from '@/strings/en/webhooks';

/** What is wrong with it, and what helps. */
function Trouble({ of }: { of: Webhook }) {
  const on = useSwitchOn(of);
  if (!of.stopped && !of.failing_since) return null;
  return (
    <div className={style({ marginBottom: 16 })}>
      <InlineAlert variant={of.stopped ? 'negative' : 'notice'} fillStyle="subtleFill">
        <Heading>{of.stopped ? words.stopped(of.stopped) : words.failing}</Heading>
        <Content>
          <div className={style({ display: 'flex', flexDirection: 'column', alignItems: 'start', gap: 12 })}>
            {of.stopped ? words.stoppedMore : words.failingMore}
            {of.stopped && <Button variant="secondary" isPending={on.isRunning} onPress={() => on.run(undefined)}>{words.actions.on}</Button>}
          </div>
        </Content>
      </InlineAlert>
    </div>
  );
}

function Shown({ of }: { of: Webhook }) {
  const may = useMay();
  const router = useRouter();
  const test = useTest(of);
  const [{ tab }, setState] = useUrlState({ tab: 'messages' });
  return (
    <Page>
      <PageHeader
        title={of.name}
        beside={<WebhookState of={of} />}
        above={[{ label: words.title, href: '/webhooks' }]}
        actions={
          <>
            <WebhookMenu of={of} onGone={() => void router.navigate({ href: '/webhooks', replace: true })} />
            <Button variant="accent" isPending={test.isRunning} onPress={() => test.run(undefined)}>{words.actions.test}</Button>
          </>
        }
      />
      <Trouble of={of} />
      <Tabs aria-label={of.name} selectedKey={tab} onSelectionChange={(key) => setState({ tab: String(key) })} styles={style({ width: 'full' })}>
        <TabList>
          <Tab id="messages">{words.tabs.messages}</Tab>
          {may('claviger:audit.read') && <Tab id="history">{words.tabs.history}</Tab>}
        </TabList>
        <TabPanel id="messages">
          <Panel>
            <Sections
              aside={
                <Section title={words.details}>
                  <Facts
                    facts={[
                      { label: words.fields.url, value: <Code text={of.url} what={words.fields.url} />, wide: true },
                      { label: words.fields.events, value: <code className={style({ font: 'code-sm', overflowWrap: 'anywhere' })}>{of.events.join(', ')}</code>, wide: true },
                      { label: words.fields.id, value: <Code text={of.id} what={words.fields.id} />, wide: true },
                      { label: words.fields.createdAt, value: <Time at={of.created_at} /> },
                      { label: words.fields.createdBy, value: of.created_by.name },
                      ...(of.failing_since ? [{ label: words.fields.failingSince, value: <Time at={of.failing_since} /> }] : []),
                      ...(of.previous_until ? [{ label: words.fields.bothUntil, value: <Time at={of.previous_until} /> }] : []),
                    ]}
                  />
                </Section>
              }>
              <Messages of={of} />
            </Sections>
          </Panel>
        </TabPanel>
        <TabPanel id="history"><Panel><AuditTrail target={of.id} /></Panel></TabPanel>
      </Tabs>
    </Page>
  );
}

export default function WebhookPage() {
  const id = useParam('id');
  const found = query.useQuery('get', '/v1/webhooks/{id}', { params: { path: { id } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  return <Shown of={found.data} />;
}
