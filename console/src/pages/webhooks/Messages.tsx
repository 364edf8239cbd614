import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Heading } from '@react-spectrum/s2/Heading';
import { MenuItem } from '@react-spectrum/s2/Menu';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { touches, type Webhook } from './actions';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { CopyButton } from '@/components/CopyButton';
import { shortTime } from '@/components/format';
import { PlainTable } from '@/components/PlainTable';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { lists } from '@/strings/en/lists';
import { webhooks } from '@/strings/en/webhooks';

type Message = components['schemas']['WebhookMessage'];

const words = webhooks.messages;
const quiet = style({ font: 'ui-sm', color: 'neutral-subdued' });
const filters = Object.entries(words.filters).map(([id, name]) => ({ id, name }));

function State({ of }: { of: Message }) {
  const variant = of.state === 'delivered' ? 'positive' : of.state === 'failed' ? 'negative' : 'informative';
  return <Badge size="S" fillStyle="subtle" variant={variant}>{words.states[of.state] ?? of.state}</Badge>;
}

/** What the receiver said last, and when it is asked again. */
function LastAttempt({ of }: { of: Message }) {
  const last = of.last_attempt;
  if (!last) return <span className={quiet}>{words.untried}</span>;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 4 })}>
      <span>
        {last.status ?? '—'} <span className={quiet}>{words.took(shortTime(last.took_ms * 1000))} · {words.attempts(of.attempts)}</span>
      </span>
      {last.said && <span className={`name ${quiet}`}>{last.said}</span>}
      {of.next_attempt_at && <span className={quiet}>{words.next} <Time plain at={of.next_attempt_at} /></span>}
    </div>
  );
}

function Body({ of, onClose }: { of: Message; onClose: () => void }) {
  const text = JSON.stringify(of.body, null, 2);
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="L">
        <Heading slot="title">{words.bodyTitle}</Heading>
        <Content>
          <div className={style({ display: 'flex', alignItems: 'start', gap: 8, padding: 12, backgroundColor: 'gray-75', borderRadius: 'lg' })}>
            <pre className={style({ font: 'code-sm', flexGrow: 1, minWidth: 0, margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' })}>{text}</pre>
            <CopyButton text={text} what={words.body_what} size="M" />
          </div>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{words.close}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}

/** What a webhook was told, and what became of it. */
export function Messages({ of }: { of: Webhook }) {
  const [state, setState] = useState('all');
  const [shown, setShown] = useState<Message>();
  const list = usePages<Message>(['webhooks', 'messages', of.id, state], ({ cursor, signal }) =>
    api.GET('/v1/webhooks/{id}/messages', { params: { path: { id: of.id }, query: { state: state === 'all' ? undefined : (state as Message['state']), limit: 50, cursor } }, signal }),
  );
  const again = useAction({
    call: (message: string) => api.POST('/v1/webhooks/{id}/messages/{message}/replay', { params: { path: { id: of.id, message } } }),
    touches,
    done: words.sentAgain,
  });
  return (
    <Section
      title={words.title}
      lead={words.lead}
      actions={
        <>
          <Picker aria-label={words.filter} value={state} onChange={(next) => setState(String(next))} items={filters} styles={style({ width: 144 })}>
            {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
          </Picker>
          <ActionButton onPress={list.refetch}>{words.refresh}</ActionButton>
        </>
      }>
      {list.isPending && <Loading />}
      {list.error && <ErrorState error={list.error} retry={list.refetch} />}
      {!list.isPending && !list.error && list.items.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{state === 'all' ? words.empty : words.nothing}</p>}
      {list.items.length > 0 && (
        <PlainTable
          label={words.title}
          head={words.head}
          rows={list.items.map((one) => ({
            id: one.id,
            cells: [
              <code key="event" className={style({ font: 'code-sm' })}>{one.event}</code>,
              <State key="state" of={one} />,
              <Time key="at" plain at={one.created_at} />,
              <LastAttempt key="last" of={one} />,
              <ActionMenu key="do" isQuiet size="S" aria-label={words.actionsFor(one.event)} onAction={(action) => (action === 'show' ? setShown(one) : again.run(one.id))} disabledKeys={of.active ? [] : ['again']}>
                <MenuItem id="show">{words.body}</MenuItem>
                <MenuItem id="again">{words.again}</MenuItem>
              </ActionMenu>,
            ],
          }))}
        />
      )}
      {list.hasMore && (
        <div><Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{lists.more}</Button></div>
      )}
      {shown && <Body of={shown} onClose={() => setShown(undefined)} />}
    </Section>
  );
}
