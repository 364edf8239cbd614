// What can be done with one key, from its row; and the dialogs that ask first.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { Text } from '@react-spectrum/s2/Text';
import { MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import { TextField } from '@react-spectrum/s2/TextField';
import Copy from '@react-spectrum/s2/icons/Copy';
import Delete from '@react-spectrum/s2/icons/Delete';
import Lock from '@react-spectrum/s2/icons/Lock';
import LockOpen from '@react-spectrum/s2/icons/LockOpen';
import Pause from '@react-spectrum/s2/icons/Pause';
import Play from '@react-spectrum/s2/icons/Play';
import RemoveCircle from '@react-spectrum/s2/icons/RemoveCircle';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import type { Key } from './columns';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { common } from '@/strings/en/common';
import { keys as words } from '@/strings/en/keys';

export type Switch = 'disable' | 'enable' | 'protect' | 'unprotect';

/** Whatever shows keys, read anew after a change. */
export const touches = [['keys'], ['get', '/v1/keys/{id}'], ['get', '/v1/keys/summary']] as const;

function flip(which: Switch, id: string) {
  const at = { params: { path: { id } } };
  if (which === 'disable') return api.POST('/v1/keys/{id}/disable', at);
  if (which === 'enable') return api.POST('/v1/keys/{id}/enable', at);
  if (which === 'protect') return api.POST('/v1/keys/{id}/protect', at);
  return api.POST('/v1/keys/{id}/unprotect', at);
}

/** `const flip = useSwitch(); flip.run({key, which: 'disable'})` */
export function useSwitch() {
  return useAction({
    call: ({ key, which }: { key: Key; which: Switch }) => flip(which, key.id),
    touches,
    done: (_, { key, which }) => words.done[which](key.name),
  });
}

export function RevokeDialog({ name, id, onClose }: { name: string; id: string; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const revoke = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/keys/{id}/revoke', { params: { path: { id } }, body: reason.trim() ? { reason: reason.trim() } : {} }),
    touches,
    done: words.done.revoke(name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.revokeTitle(name)} confirm={words.actions.revoke.replace('…', '')} isRunning={revoke.isRunning} error={revoke.error} onConfirm={() => revoke.run(undefined)} onCancel={onClose}>
      {words.revoke}
      <TextField label={words.revokeReason} value={reason} onChange={setReason} maxLength={500} />
    </ConfirmDialog>
  );
}

export function DeleteDialog({ name, id, onClose }: { name: string; id: string; onClose: () => void }) {
  const remove = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/keys/{id}', { params: { path: { id } } }),
    touches,
    done: words.done.delete(name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.deleteTitle(name)} confirm={words.actions.delete.replace('…', '')} word={name} isRunning={remove.isRunning} error={remove.error} onConfirm={() => remove.run(undefined)} onCancel={onClose}>
      {words.deleteDeactivate}
    </ConfirmDialog>
  );
}

/** The ⋮ of a row. */
export function RowMenu({ row, onAsk }: { row: Key; onAsk: (what: 'revoke' | 'delete', key: Key) => void }) {
  const may = useMay();
  const router = useRouter();
  const change = useSwitch();
  const over = row.status === 'revoked' || row.status === 'deleted';
  const hasPage = '/keys/$id' in router.routesByPath;
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(row.id, words.actions.copyId);
    else if (action === 'revoke' || action === 'delete') onAsk(action, row);
    else if (action === 'open') void router.navigate({ href: `/keys/${row.id}` });
    else if (action === 'edit' || action === 'rotate') void router.navigate({ href: `/keys/${row.id}?do=${action}` });
    else change.run({ key: row, which: action as Switch });
  };
  return (
    <ActionMenu isQuiet size="S" aria-label={common.moreFor(row.name)} onAction={onAction}>
      <MenuSection aria-label={words.actions.open}>
        {hasPage && <MenuItem id="open">{words.actions.open}</MenuItem>}
        {hasPage && !over && may('claviger:keys.update') && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
        {hasPage && !over && may('claviger:keys.update') && <MenuItem id="rotate">{words.actions.rotate}</MenuItem>}
        <MenuItem id="copy" textValue={words.actions.copyId}><Copy /><Text slot="label">{words.actions.copyId}</Text></MenuItem>
      </MenuSection>
      {!over && may('claviger:keys.update') && (
        <MenuSection aria-label={words.actions.disable}>
          {row.enabled ? (
            <MenuItem id="disable" textValue={words.actions.disable}><Pause /><Text slot="label">{words.actions.disable}</Text></MenuItem>
          ) : (
            <MenuItem id="enable" textValue={words.actions.enable}><Play /><Text slot="label">{words.actions.enable}</Text></MenuItem>
          )}
          {row.protected ? (
            <MenuItem id="unprotect" textValue={words.actions.unprotect}><LockOpen /><Text slot="label">{words.actions.unprotect}</Text></MenuItem>
          ) : (
            <MenuItem id="protect" textValue={words.actions.protect}><Lock /><Text slot="label">{words.actions.protect}</Text></MenuItem>
          )}
        </MenuSection>
      )}
      {may('claviger:keys.revoke') && row.status !== 'deleted' && (
        <MenuSection aria-label={words.actions.revoke}>
          {!over && <MenuItem id="revoke" textValue={words.actions.revoke}><RemoveCircle /><Text slot="label">{words.actions.revoke}</Text></MenuItem>}
          <MenuItem id="delete" textValue={words.actions.delete}><Delete /><Text slot="label">{words.actions.delete}</Text></MenuItem>
        </MenuSection>
      )}
    </ActionMenu>
  );
}
