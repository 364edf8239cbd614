import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { useState } from 'react';
import { csvOf } from './csv';
import { touches } from './touches';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { download } from '@/components/download';
import { ImportDialog, type ImportFile } from '@/components/ImportDialog';
import { lists } from '@/strings/en/lists';
import { people as words } from '@/strings/en/people';

type Imported = components['schemas']['ImportedUsers'];

function send(file: ImportFile, dryRun: boolean) {
  return api.POST('/v1/users/import', {
    params: { query: { dry_run: dryRun } },
    headers: { 'Content-Type': file.type },
    body: file.text as never,
    bodySerializer: (text: unknown) => String(text),
  });
}

/** People from a file; their links are given out this once. */
export default function PeopleImport({ onClose }: { onClose: () => void }) {
  const [done, setDone] = useState<Imported>();
  if (!done) {
    return (
      <ImportDialog
        title={words.importTitle}
        example={words.importExample}
        nouns={words.nouns}
        send={send}
        names={(answer) => answer.items.map((one) => one.email)}
        touches={touches}
        onDone={setDone}
        onClose={onClose}
      />
    );
  }
  const rows = done.items.map((one) => [one.email, one.invitation_url ?? '']);
  return (
    <DialogContainer onDismiss={() => undefined}>
      <Dialog size="S" isKeyboardDismissDisabled>
        <Heading slot="title">{words.importLinks}</Heading>
        <Content>{words.importLinksText}</Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={() => download(words.importFile, csvOf([['email', 'link'], ...rows]), 'text/csv')}>{words.importDownload}</Button>
          <Button variant="accent" onPress={onClose}>{lists.link.done}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
