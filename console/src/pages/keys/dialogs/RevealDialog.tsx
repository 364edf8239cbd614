import { useState } from 'react';
import type { KeyRow } from '../actions';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { SecretOnce } from '@/components/SecretOnce';
import { keyDialogs as words } from '@/strings/en/key';
import { secret } from '@/strings/en/keyForm';

/** Shows a secret that the policy keeps, after a word that it is written down. */
export function RevealDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const [token, setToken] = useState<string>();
  const reveal = useAction({
    isSecret: true,
    saysFaults: true,
    call: () => api.POST('/v1/keys/{id}/reveal', { params: { path: { id: row.id } } }),
    touches: [['key-events']],
    onDone: (answer) => setToken(answer.secret),
  });
  if (token) return <SecretOnce title={secret.title(row.name)} lead={secret.again} name={row.name} token={token} onDone={onClose} />;
  return (
    <ConfirmDialog title={words.revealTitle(row.name)} confirm={words.reveal} isHarmless isRunning={reveal.isRunning} error={reveal.error} onConfirm={() => reveal.run(undefined)} onCancel={onClose}>
      {words.revealText}
    </ConfirmDialog>
  );
}
