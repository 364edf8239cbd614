import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Heading } from '@react-spectrum/s2/Heading';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { CopyButton } from '@/components/CopyButton';
import { webhooks } from '@/strings/en/webhooks';

const words = webhooks.secret;

function Inside({ title, secret, onDone }: { title: string; secret: string; onDone: () => void }) {
  const [stored, setStored] = useState(false);
  return (
    <Dialog size="M" isKeyboardDismissDisabled>
      <Heading slot="title">{title}</Heading>
      <Content>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
          <p className={style({ font: 'body', margin: 0 })}>{words.lead}</p>
          <div className={style({ display: 'flex', alignItems: 'start', gap: 8, padding: 12, backgroundColor: 'gray-75', borderRadius: 'lg', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200' })}>
            <code className={style({ font: 'code', flexGrow: 1, minWidth: 0, margin: 0, wordBreak: 'break-all' })} data-testid="secret">{secret}</code>
            <CopyButton text={secret} what={words.what} size="M" />
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

/** What messages are signed with, once. Whoever renders it keeps it in state alone, and drops it in `onDone`. */
export function SigningSecret(props: { title: string; secret: string; onDone: () => void }) {
  return (
    <DialogContainer onDismiss={() => undefined}>
      <Inside {...props} />
    </DialogContainer>
  );
}
