// What can be done with one webhook, from its row and from its page.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { Badge } from '@react-spectrum/s2/Badge';
import { MenuItem } from '@react-spectrum/s2/Menu';
import { ToastQueue } from '@react-spectrum/s2/Toast';
import { useState } from 'react';
import { SigningSecret } from './SigningSecret';
import { WebhookForm } from './WebhookForm';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { common } from '@/strings/en/common';
import { webhooks as words } from '@/strings/en/webhooks';

export type Webhook = components['schemas']['Webhook'];
export type WebhookWithSecret = components['schemas']['WebhookWithSecret'];

/** Whatever shows webhooks, read anew after a change. */
export const touches = [['webhooks'], ['get', '/v1/webhooks/{id}'], ['audit']] as const;

/** Whether it is told, and whether it can be. */
export function WebhookState({ of }: { of: Webhook }) {
  const [variant, text] = of.active
    ? of.failing_since ? (['notice', words.states.failing] as const) : (['positive', words.states.active] as const)
    : of.stopped ? (['negative', words.states.stopped] as const) : (['neutral', words.states.off] as const);
  return <Badge size="S" fillStyle="subtle" variant={variant}>{text}</Badge>;
}

/** Sends a message to try it with, and says what came of it. */
export function useTest(of: Webhook) {
  return useAction({
    call: () => api.POST('/v1/webhooks/{id}/test', { params: { path: { id: of.id } } }),
    touches,
    onDone: (message) => {
      const last = message.last_attempt;
      if (message.state === 'delivered') ToastQueue.positive(words.tested(String(last?.status ?? '')), { timeout: 5000 });
      else ToastQueue.negative(words.notTested([last?.status, last?.said].filter(Boolean).join(' ')), { timeout: 10_000 });
    },
  });
}

/** Switches one on. */
export function useSwitchOn(of: Webhook) {
  return useAction({
    call: () => api.PATCH('/v1/webhooks/{id}', { params: { path: { id: of.id } }, body: { active: true } }),
    touches,
    done: words.switchedOn(of.name),
  });
}

type Asked = 'edit' | 'rotate' | 'off' | 'delete';

function Ask({ asked, of, onClose, onGone, onSecret }: { asked: Asked; of: Webhook; onClose: () => void; onGone?: () => void; onSecret: (made: WebhookWithSecret) => void }) {
  const path = { id: of.id };
  const off = useAction({
    saysFaults: true,
    call: () => api.PATCH('/v1/webhooks/{id}', { params: { path }, body: { active: false } }),
    touches,
    done: words.switchedOff(of.name),
    onDone: onClose,
  });
  const rotate = useAction({
    saysFaults: true,
    isSecret: true,
    call: () => api.POST('/v1/webhooks/{id}/rotate', { params: { path }, body: {} }),
    touches,
    onDone: (made) => {
      onClose();
      onSecret(made);
    },
  });
  const remove = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/webhooks/{id}', { params: { path } }),
    touches: [['webhooks'], ['audit']],
    done: words.deleted(of.name),
    onDone: () => {
      onClose();
      onGone?.();
    },
  });
  switch (asked) {
    case 'edit':
      return <WebhookForm of={of} onClose={onClose} />;
    case 'rotate':
      return <ConfirmDialog isHarmless title={words.rotateTitle(of.name)} confirm={words.rotateNow} isRunning={rotate.isRunning} error={rotate.error} onConfirm={() => rotate.run(undefined)} onCancel={onClose}>{words.rotate}</ConfirmDialog>;
    case 'off':
      return <ConfirmDialog title={words.offTitle(of.name)} confirm={words.offNow} isRunning={off.isRunning} error={off.error} onConfirm={() => off.run(undefined)} onCancel={onClose}>{words.off}</ConfirmDialog>;
    case 'delete':
      return <ConfirmDialog title={words.deleteTitle(of.name)} confirm={words.deleteNow} word={of.name} isRunning={remove.isRunning} error={remove.error} onConfirm={() => remove.run(undefined)} onCancel={onClose}>{words.delete}</ConfirmDialog>;
  }
}

/** The ⋮ of a webhook, and what it asks. */
export function WebhookMenu({ of, onGone, isRow = false }: { of: Webhook; onGone?: () => void; isRow?: boolean }) {
  const [asked, setAsked] = useState<Asked>();
  const [secret, setSecret] = useState<string>();
  const test = useTest(of);
  const on = useSwitchOn(of);
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(of.id, words.actions.copyId);
    else if (action === 'test') test.run(undefined);
    else if (action === 'on') on.run(undefined);
    else setAsked(action as Asked);
  };
  return (
    <>
      <ActionMenu isQuiet={isRow} size={isRow ? 'S' : 'M'} aria-label={common.moreFor(of.name)} onAction={onAction}>
        {isRow && <MenuItem id="test">{words.actions.test}</MenuItem>}
        <MenuItem id="edit">{words.actions.edit}</MenuItem>
        <MenuItem id="rotate">{words.actions.rotate}</MenuItem>
        {of.active ? <MenuItem key="off" id="off">{words.actions.off}</MenuItem> : <MenuItem key="on" id="on">{words.actions.on}</MenuItem>}
        <MenuItem id="copy">{words.actions.copyId}</MenuItem>
        <MenuItem id="delete">{words.actions.delete}</MenuItem>
      </ActionMenu>
      {asked && <Ask asked={asked} of={of} onClose={() => setAsked(undefined)} onGone={onGone} onSecret={(made) => setSecret(made.secret)} />}
      {secret !== undefined && <SigningSecret title={words.secret.rotated(of.name)} secret={secret} onDone={() => setSecret(undefined)} />}
    </>
  );
}
