import { touches } from './actions';
import { api } from '@/api/client';
import { ImportDialog, type ImportFile } from '@/components/ImportDialog';
import { accounts as words } from '@/strings/en/accounts';

function send(file: ImportFile, dryRun: boolean) {
  return api.POST('/v1/service-accounts/import', {
    params: { query: { dry_run: dryRun } },
    headers: { 'Content-Type': file.type },
    body: file.text as never,
    bodySerializer: (text: unknown) => String(text),
  });
}

/** Service accounts from a file. */
export default function AccountImport({ onClose }: { onClose: () => void }) {
  return (
    <ImportDialog
      title={words.importTitle}
      example={words.importExample}
      nouns={words.nouns}
      send={send}
      names={(answer) => answer.items.map((one) => one.username)}
      touches={touches}
      onDone={onClose}
      onClose={onClose}
    />
  );
}
