// What can be done with one role, from its row and from its page.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { MenuItem } from '@react-spectrum/s2/Menu';
import { useRouter } from '@tanstack/react-router';
import { RoleForm } from './RoleForm';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import type { Role } from '@/api/roles';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { common } from '@/strings/en/common';
import { roles as words } from '@/strings/en/roles';

export type Asked = 'edit' | 'duplicate' | 'delete';

/** Whatever shows roles, or what they let somebody do, read anew after a change. */
export const touches = [['roles'], ['permissions'], ['get', '/v1/roles/{id}'], ['accounts'], ['users'], ['session']] as const;

function Remove({ role, onClose, onGone }: { role: Role; onClose: () => void; onGone?: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/roles/{id}', { params: { path: { id: role.id } } }),
    touches,
    done: words.deleted(role.name),
    onDone: () => {
      onClose();
      onGone?.();
    },
  });
  return (
    <ConfirmDialog title={words.deleteTitle(role.name)} confirm={words.deleteNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.delete}
    </ConfirmDialog>
  );
}

/** The dialog that was asked for. */
export function RoleDialog({ asked, role, onClose, onGone }: { asked: Asked | undefined; role: Role; onClose: () => void; onGone?: () => void }) {
  const router = useRouter();
  if (asked === 'edit') return <RoleForm role={role} onClose={onClose} />;
  if (asked === 'duplicate') return <RoleForm from={role} onClose={onClose} onDone={(made) => void router.navigate({ href: `/roles/${made.id}` })} />;
  if (asked === 'delete') return <Remove role={role} onClose={onClose} onGone={onGone} />;
  return null;
}

/** The ⋮ of a role. */
export function RoleMenu({ role, onAsk, isRow = false }: { role: Role; onAsk: (what: Asked) => void; isRow?: boolean }) {
  const may = useMay();
  const router = useRouter();
  const manages = may('claviger:roles.manage');
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(role.id, words.actions.copyId);
    else if (action === 'open') void router.navigate({ href: `/roles/${role.id}` });
    else onAsk(action as Asked);
  };
  return (
    <ActionMenu isQuiet={isRow} size={isRow ? 'S' : 'M'} aria-label={common.moreFor(role.name)} onAction={onAction}>
      {isRow && <MenuItem id="open">{words.actions.open}</MenuItem>}
      {isRow && manages && !role.builtin && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
      {manages && <MenuItem id="duplicate">{words.actions.duplicate}</MenuItem>}
      <MenuItem id="copy">{words.actions.copyId}</MenuItem>
      {manages && !role.builtin && <MenuItem id="delete">{words.actions.delete}</MenuItem>}
    </ActionMenu>
  );
}
