import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { FileTrigger } from '@react-spectrum/s2/FileTrigger';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { FormProblem } from './FormProblem';
import { useAction } from '@/api/action';
import { isProblem } from '@/api/problem';
import { common } from '@/strings/en/common';
import { lists } from '@/strings/en/lists';

export interface ImportFile {
  text: string;
  type: 'text/csv' | 'application/x-ndjson';
}

interface Answer {
  count: number;
}

interface Props<Result extends Answer> {
  title: string;
  example: string;
  /** What is imported: `['account', 'accounts']`. */
  nouns: readonly [string, string];
  send: (file: ImportFile, dryRun: boolean) => Promise<{ data?: Result; error?: unknown; response: Response }>;
  /** What would be made, in a few names. */
  names: (answer: Result) => readonly string[];
  touches: readonly (readonly unknown[])[];
  onDone: (answer: Result) => void;
  onClose: () => void;
}

const words = lists.import;

/** NDJSON begins with an object; everything else is taken for CSV. */
export function typeOf(text: string): ImportFile['type'] {
  return /^\s*\{/.test(text) ? 'application/x-ndjson' : 'text/csv';
}

function Faults({ error }: { error: unknown }) {
  const faults = (isProblem(error) ? error.errors : undefined) ?? [];
  if (faults.length === 0) return <FormProblem error={error} />;
  return (
    <InlineAlert variant="negative" fillStyle="subtleFill" autoFocus>
      <Heading>{words.faults(faults.length)}</Heading>
      <Content>
        <ul className={style({ margin: 0, paddingStart: 16, maxHeight: 192, overflow: 'auto' })}>
          {faults.map((fault) => {
            const [, line, field] = /^lines\[(\d+)\]\.?(.*)$/.exec(fault.field) ?? [undefined, undefined, fault.field];
            return <li key={fault.field} className="name">{[line && words.line(line), field].filter(Boolean).join(', ')}: {fault.detail}</li>;
          })}
        </ul>
      </Content>
    </InlineAlert>
  );
}

/** A file is chosen and looked at by the server, which changes nothing; then it is imported, whole or not at all. */
export function ImportDialog<Result extends Answer>({ title, example, nouns, send, names, touches, onDone, onClose }: Props<Result>) {
  const [file, setFile] = useState<ImportFile & { name: string }>();
  const [found, setFound] = useState<Result>();
  const check = useAction({ saysFaults: true, call: (chosen: ImportFile) => send(chosen, true), onDone: setFound });
  const run = useAction({
    saysFaults: true,
    call: (chosen: ImportFile) => send(chosen, false),
    touches,
    done: (answer) => words.done(answer.count, nouns[0], nouns[1]),
    onDone,
  });
  const choose = async (files: FileList | null) => {
    const [one] = files ?? [];
    if (!one) return;
    const text = await one.text();
    const chosen = { text, type: typeOf(text), name: one.name };
    setFile(chosen);
    setFound(undefined);
    run.reset();
    check.run(chosen);
  };
  const first = found ? names(found).slice(0, 5) : [];
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="M">
        <Heading slot="title">{title}</Heading>
        <Content>
          <div className={style({ font: 'body', display: 'flex', flexDirection: 'column', gap: 16 })}>
            <span>{words.drop}</span>
            <div>
              <div className={style({ font: 'ui-sm', color: 'neutral-subdued', marginBottom: 4 })}>{words.example}</div>
              <pre className={style({ font: 'code-sm', margin: 0, padding: 12, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', backgroundColor: 'gray-75', borderRadius: 'default' })}>{example}</pre>
            </div>
            <div className={style({ display: 'flex', alignItems: 'center', gap: 12 })}>
              <FileTrigger acceptedFileTypes={['.csv', '.ndjson', '.jsonl', 'text/csv']} onSelect={(files) => void choose(files)}>
                <Button variant="secondary" isPending={check.isRunning}>{file ? words.another : words.choose}</Button>
              </FileTrigger>
              {file && <span className={`name ${style({ font: 'ui' })}`}>{file.name}</span>}
            </div>
            <Faults error={check.error ?? run.error} />
            {found && !run.error && (
              <InlineAlert variant="positive" fillStyle="subtleFill">
                <Heading>{words.fine(found.count, nouns[0], nouns[1])}</Heading>
                <Content><span className="name">{first.length > 0 && words.first(first.join(', '))}</span></Content>
              </InlineAlert>
            )}
          </div>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
          <Button variant="accent" isDisabled={!found || found.count === 0} isPending={run.isRunning} onPress={() => file && run.run(file)}>
            {words.run(found?.count)}
          </Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
