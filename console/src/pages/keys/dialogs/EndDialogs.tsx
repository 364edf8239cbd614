import { ToastQueue } from '@react-spectrum/s2/Toast';
import { TextField } from '@react-spectrum/s2/TextField';
import { useState } from 'react';
import { touches, type KeyRow } from '../actions';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { keys as words } from '@/strings/en/keys';

interface Props {
  row: KeyRow;
  onClose: () => void;
}

export function RevokeDialog({ row: { id, name }, onClose }: Props) {
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

/** What becomes of a deleted key is for the policy to say; whoever may not read it is told both. */
function useDeletion(): string {
  const reads = useMay()('claviger:policy.read');
  const { data } = query.useQuery('get', '/v1/policy', {}, { enabled: reads, staleTime: 60_000 });
  if (!data) return words.deleteEither;
  return data.deletion === 'erase' ? words.deleteErase : words.deleteDeactivate;
}

export function DeleteDialog({ row: { id, name }, onClose, onErased }: Props & { onErased?: () => void }) {
  const text = useDeletion();
  const remove = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/keys/{id}', { params: { path: { id } } }),
    touches,
    onDone: ({ erased }) => {
      ToastQueue.positive(erased ? words.done.erase(name) : words.done.delete(name), { timeout: 5000 });
      onClose();
      if (erased) onErased?.();
    },
  });
  return (
    <ConfirmDialog title={words.deleteTitle(name)} confirm={words.actions.delete.replace('…', '')} word={name} isRunning={remove.isRunning} error={remove.error} onConfirm={() => remove.run(undefined)} onCancel={onClose}>
      {text}
    </ConfirmDialog>
  );
}
