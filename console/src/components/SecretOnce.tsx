import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { CopyButton } from './CopyButton';
import { download } from './download';
import { envLine, trial } from './secretText';
import { secret as words } from '@/strings/en/keyForm';

const box = style({ display: 'flex', alignItems: 'start', gap: 8, padding: 12, backgroundColor: 'gray-75', borderRadius: 'lg', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200' });
const text = style({ font: 'code', flexGrow: 1, minWidth: 0, margin: 0, whiteSpace: 'pre-wrap', wordBreak: 'break-all' });

const small = style({ font: 'code-sm', flexGrow: 1, minWidth: 0, margin: 0, whiteSpace: 'pre-wrap', wordBreak: 'break-all' });

interface Props {
  title: string;
  lead?: string;
  /** The name of the key, for the file. */
  name: string;
  token: string;
  onDone: () => void;
}

function Inside({ title, lead = words.once, name, token, onDone }: Props) {
  const [stored, setStored] = useState(false);
  const command = trial(window.location.origin, token);
  return (
    <Dialog size="L" isKeyboardDismissDisabled>
      <Heading slot="title">{title}</Heading>
      <Content>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
          <p className={style({ font: 'body', margin: 0 })}>{lead}</p>
          <div className={box}>
            <code className={text} data-testid="secret">{token}</code>
            <CopyButton text={token} what={words.secret} size="M" />
          </div>
          <div>
            <Button variant="secondary" onPress={() => download(words.envFile, envLine(name, token))}>{words.env}</Button>
          </div>
          <div className={style({ display: 'flex', flexDirection: 'column', gap: 8 })}>
            <span className={style({ font: 'ui', fontWeight: 'medium' })}>{words.try}</span>
            <div className={box}>
              <pre className={small} data-testid="curl">{command}</pre>
              <CopyButton text={command} what={words.curl} size="M" />
            </div>
          </div>
          <Checkbox isSelected={stored} onChange={setStored}>{words.stored}</Checkbox>
        </div>
      </Content>
      <ButtonGroup>
        <Button variant="accent" isDisabled={!stored} onPress={onDone}>{words.done}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** A secret, once: it closes only after it was stored. Whoever renders it keeps the token in state alone, and drops it in `onDone`. */
export function SecretOnce(props: Props) {
  return (
    <DialogContainer onDismiss={() => undefined}>
      <Inside {...props} />
    </DialogContainer>
  );
}
