// What can be done with one service account, from its row and from its page; and the dialogs that ask first.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { AccountForm } from './AccountForm';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { FormDialog } from '@/components/FormDialog';
import { PersonField } from '@/components/PersonField';
import { common } from '@/strings/en/common';
import { accounts as words } from '@/strings/en/accounts';

export type Account = components['schemas']['ServiceAccount'];
export type Asked = 'edit' | 'deactivate' | 'reassign' | 'delete';

/** Whatever shows service accounts or their keys, read anew after a change. */
export const touches = [['accounts'], ['get', '/v1/service-accounts/{id}'], ['keys'], ['get', '/v1/keys/{id}']] as const;

function Deactivate({ account, onClose }: { account: Account; onClose: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/service-accounts/{id}/deactivate', { params: { path: { id: account.id } } }),
    touches,
    done: words.deactivated(account.name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.deactivateTitle(account.name)} confirm={words.deactivateNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.deactivate}
    </ConfirmDialog>
  );
}

function Reassign({ account, onClose }: { account: Account; onClose: () => void }) {
  const [owner, setOwner] = useState(account.owner);
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/service-accounts/{id}/reassign', { params: { path: { id: account.id } }, body: { owner: owner?.id ?? '' } }),
    touches,
    done: words.reassigned(account.name),
    onDone: onClose,
  });
  return (
    <FormDialog title={words.reassignTitle(account.name)} submit={words.reassignNow} size="S" action={action} fields={['owner']} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <PersonField label={words.fields.owner} description={words.fields.ownerHelp} person={owner} onChange={setOwner} />
    </FormDialog>
  );
}

function Remove({ account, onClose, onGone }: { account: Account; onClose: () => void; onGone?: () => void }) {
  const may = useMay();
  const policy = query.useQuery('get', '/v1/policy', {}, { enabled: may('claviger:policy.read') });
  const action = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/service-accounts/{id}', { params: { path: { id: account.id } } }),
    touches,
    done: (answer) => words.deleted(account.name, answer.keys_ended),
    onDone: (answer) => {
      onClose();
      if (answer.erased) onGone?.();
    },
  });
  const deletion = policy.data?.accounts.deletion;
  return (
    <ConfirmDialog title={words.deleteTitle(account.name)} confirm={words.deleteNow} word={account.username} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      <span>
        {words.deleteText} {deletion === 'erase' && words.deleteErased}
        {deletion === 'deactivate' && words.deleteKept}
      </span>
    </ConfirmDialog>
  );
}

/** The dialog that was asked for. */
export function AccountDialog({ asked, account, onClose, onGone }: { asked: Asked | undefined; account: Account; onClose: () => void; onGone?: () => void }) {
  if (asked === 'edit') return <AccountForm account={account} onClose={onClose} />;
  if (asked === 'deactivate') return <Deactivate account={account} onClose={onClose} />;
  if (asked === 'reassign') return <Reassign account={account} onClose={onClose} />;
  if (asked === 'delete') return <Remove account={account} onClose={onClose} onGone={onGone} />;
  return null;
}

export function useActivate() {
  return useAction({
    call: (account: Account) => api.POST('/v1/service-accounts/{id}/activate', { params: { path: { id: account.id } } }),
    touches,
    done: (_, account) => words.activated(account.name),
  });
}

/** Where a key is made for an account: the keys page's form, with the owner filled in. */
export function newKeyFor(account: Account): string {
  return `/keys/new?owner=${account.id}`;
}

/** The ⋮ of an account. `isRow` adds the way to its page. */
export function AccountMenu({ account, onAsk, isRow = false }: { account: Account; onAsk: (what: Asked) => void; isRow?: boolean }) {
  const may = useMay();
  const router = useRouter();
  const activate = useActivate();
  const over = account.status === 'deleted';
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(account.id, words.actions.copyId);
    else if (action === 'open') void router.navigate({ href: `/service-accounts/${account.id}` });
    else if (action === 'key') void router.navigate({ href: newKeyFor(account) });
    else if (action === 'activate') activate.run(account);
    else onAsk(action as Asked);
  };
  const manages = may('claviger:accounts.manage') && !over;
  return (
    <ActionMenu isQuiet={isRow} size={isRow ? 'S' : 'M'} aria-label={common.moreFor(account.name)} onAction={onAction}>
      <MenuSection aria-label={words.actions.open}>
        {isRow && <MenuItem id="open">{words.actions.open}</MenuItem>}
        {isRow && manages && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
        {isRow && !over && may('claviger:keys.create') && <MenuItem id="key">{words.actions.createKey}</MenuItem>}
        <MenuItem id="copy">{words.actions.copyId}</MenuItem>
      </MenuSection>
      {manages && (
        <MenuSection aria-label={words.status}>
          {account.status === 'active' ? <MenuItem key="deactivate" id="deactivate">{words.actions.deactivate}</MenuItem> : <MenuItem key="activate" id="activate">{words.actions.activate}</MenuItem>}
          {may('claviger:users.read') && <MenuItem id="reassign">{words.actions.reassign}</MenuItem>}
          <MenuItem id="delete">{words.actions.delete}</MenuItem>
        </MenuSection>
      )}
    </ActionMenu>
  );
}
