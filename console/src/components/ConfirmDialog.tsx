import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState, type ReactNode } from 'react';
import { FormProblem } from './FormProblem';
import { common } from '@/strings/en/common';

interface Props {
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** The button's word: “Revoke”. */
  confirm: string;
  /** A word to type first, for what cannot be undone. */
  word?: string;
  /** Nothing stops by it: the button is not red. */
  isHarmless?: boolean;
  isRunning?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
}

function Inside({ title, children, confirm, word, isHarmless = false, isRunning, error, onConfirm, onCancel }: Props) {
  const [typed, setTyped] = useState('');
  const ready = word === undefined || typed.trim() === word;
  return (
    <Dialog size="S" role="alertdialog">
      <Heading slot="title">{title}</Heading>
      <Content>
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            if (ready) onConfirm();
          }}>
          <FormProblem error={error} />
          <div className={style({ font: 'body', display: 'flex', flexDirection: 'column', gap: 16 })}>{children}</div>
          {word !== undefined && (
            <TextField autoFocus label={common.typeToConfirm(word)} value={typed} onChange={setTyped} autoComplete="off" spellCheck="false" />
          )}
        </Form>
      </Content>
      <ButtonGroup>
        <Button variant="secondary" onPress={onCancel} autoFocus={word === undefined}>{common.cancel}</Button>
        <Button variant={isHarmless ? 'accent' : 'negative'} onPress={onConfirm} isDisabled={!ready} isPending={isRunning}>{confirm}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** Asks before something that stops programs. Shown while it is rendered: `{asked && <ConfirmDialog … />}`. */
export function ConfirmDialog(props: Props) {
  return (
    <DialogContainer onDismiss={props.onCancel}>
      <Inside {...props} />
    </DialogContainer>
  );
}
