import { AlertDialog } from '@react-spectrum/s2/AlertDialog';
import { DialogContainer } from '@react-spectrum/s2/Dialog';
import { useState } from 'react';
import type { KeyRow } from '../actions';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { SecretOnce } from '@/components/SecretOnce';
import { common } from '@/strings/en/common';
import { keyDialogs as words } from '@/strings/en/key';
import { secret } from '@/strings/en/keyForm';

/** Shows a secret that the policy keeps, after a word that it is written down. */
export function RevealDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const [token, setToken] = useState<string>();
  const reveal = useAction({
    isSecret: true,
    call: () => api.POST('/v1/keys/{id}/reveal', { params: { path: { id: row.id } } }),
    touches: [['get', '/v1/keys/{id}/events']],
    onDone: (answer) => setToken(answer.secret),
  });
  if (token) return <SecretOnce title={secret.title(row.name)} lead={secret.again} name={row.name} token={token} onDone={onClose} />;
  return (
    <DialogContainer onDismiss={reveal.isRunning ? () => undefined : onClose}>
      {/* It stays while the person shows who they are, and until the secret takes its place. */}
      {!reveal.isRunning && (
        <AlertDialog variant="confirmation" title={words.revealTitle(row.name)} primaryActionLabel={words.reveal} cancelLabel={common.cancel} onPrimaryAction={() => reveal.run(undefined)} onCancel={onClose}>
          {words.revealText}
        </AlertDialog>
      )}
    </DialogContainer>
  );
}
