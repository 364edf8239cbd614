// What can be done with one API, from its row and from its page.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { Badge } from '@react-spectrum/s2/Badge';
import { MenuItem } from '@react-spectrum/s2/Menu';
import { useRouter } from '@tanstack/react-router';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { common } from '@/strings/en/common';
import { apis as words } from '@/strings/en/apis';

export type Api = components['schemas']['Api'];

/** Whatever shows APIs, or what they declare, read anew after a change. */
export const touches = [['apis'], ['get', '/v1/apis/{id}'], ['permissions'], ['roles'], ['get', '/v1/roles/{id}'], ['audit']] as const;

/** Whether what an API declares counts here. */
export function ApiState({ of }: { of: Api }) {
  if (of.available) return <Badge size="S" fillStyle="subtle" variant="positive">{words.states.on}</Badge>;
  return <Badge size="S" fillStyle="subtle" variant={of.enabled ? 'notice' : 'neutral'}>{of.enabled ? words.states.elsewhere : words.states.off}</Badge>;
}

export function RemoveApi({ of, onClose, onGone }: { of: Api; onClose: () => void; onGone?: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/apis/{id}', { params: { path: { id: of.id } } }),
    touches: [['apis'], ['permissions'], ['roles']],
    done: words.deleted(of.name),
    onDone: () => {
      onClose();
      onGone?.();
    },
  });
  return (
    <ConfirmDialog title={words.deleteTitle(of.name)} confirm={words.deleteNow} word={of.slug} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.delete}
    </ConfirmDialog>
  );
}

/** The ⋮ of an API. Only the organisation that keeps it changes it. */
export function ApiMenu({ of, onRemove, isRow = false }: { of: Api; onRemove: () => void; isRow?: boolean }) {
  const may = useMay();
  const router = useRouter();
  const manages = may('claviger:apis.manage') && of.kept;
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(of.id, words.actions.copyId);
    else if (action === 'delete') onRemove();
    else void router.navigate({ href: action === 'edit' ? `/apis/${of.id}/edit` : `/apis/${of.id}` });
  };
  return (
    <ActionMenu isQuiet={isRow} size={isRow ? 'S' : 'M'} aria-label={common.moreFor(of.name)} onAction={onAction}>
      {isRow && <MenuItem id="open">{words.actions.open}</MenuItem>}
      {isRow && manages && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
      <MenuItem id="copy">{words.actions.copyId}</MenuItem>
      {manages && <MenuItem id="delete">{words.actions.delete}</MenuItem>}
    </ActionMenu>
  );
}
