import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Link from '@react-spectrum/s2/icons/Link';
import { useState } from 'react';
import { WebhookMenu, WebhookState, type Webhook, type WebhookWithSecret } from './actions';
import { SigningSecret } from './SigningSecret';
import { WebhookForm } from './WebhookForm';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { ListTable, type ListColumn } from '@/components/ListTable';
import { Page, PageHeader } from '@/components/PageHeader';
import { EmptyState } from '@/components/states';
import { Time } from '@/components/Time';
import { webhooks as words } from '@/strings/en/webhooks';

const columns: readonly ListColumn<Webhook>[] = [
  { id: 'name', title: words.columns.name, minWidth: 160, width: '2fr', cell: (one) => <span className={`name ${style({ fontWeight: 'medium' })}`}>{one.name}</span> },
  { id: 'state', title: words.columns.state, minWidth: 120, width: '1fr', cell: (one) => <WebhookState of={one} /> },
  { id: 'events', title: words.columns.events, minWidth: 160, width: '2fr', cell: (one) => <span className={style({ font: 'code-sm' })}>{one.events.join(', ')}</span> },
  { id: 'url', title: words.columns.url, minWidth: 200, width: '3fr', cell: (one) => <span className={style({ font: 'code-sm' })}>{one.url}</span> },
  { id: 'created_at', title: words.columns.created_at, minWidth: 104, width: '1fr', cell: (one) => <Time plain at={one.created_at} /> },
];

export default function WebhooksPage() {
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<WebhookWithSecret>();
  const list = usePages<Webhook>(['webhooks', 'list'], async ({ signal }) => {
    const { data, error } = await api.GET('/v1/webhooks', { signal });
    return { data: data && { items: data.items, next_cursor: null }, error };
  });
  const create = <Button variant="accent" onPress={() => setMaking(true)}>{words.create}</Button>;
  return (
    <Page fill>
      <PageHeader title={words.title} lead={words.lead} actions={create} />
      <ListTable
        label={words.table}
        columns={columns}
        list={list}
        nameOf={(one) => one.name}
        href={(one) => `/webhooks/${one.id}`}
        renderMenu={(one) => <WebhookMenu isRow of={one} />}
        words={words.nouns}
        nothing={<EmptyState icon={<Link />} title={words.emptyTitle} actions={create}>{words.empty}</EmptyState>}
      />
      {isMaking && (
        <WebhookForm
          onClose={() => setMaking(false)}
          onMade={(one) => {
            setMaking(false);
            setMade(one);
          }}
        />
      )}
      {made && <SigningSecret title={words.secret.made(made.name)} secret={made.secret} onDone={() => setMade(undefined)} />}
    </Page>
  );
}
