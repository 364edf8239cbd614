import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { CopyButton } from './CopyButton';
import { Time } from './Time';
import { common } from '@/strings/en/common';
import { lists } from '@/strings/en/lists';

export interface LinkShown {
  title: string;
  email: string;
  /** Absent where it went by mail alone. */
  url: string | null;
  endsAt: string;
  mail: 'sent' | 'off' | 'failed';
}

const words = lists.link;

/** A link that lets somebody in. It is in the answer this once, and gone with the dialog. */
export function OneTimeLink({ link, onClose }: { link: LinkShown; onClose: () => void }) {
  return (
    <DialogContainer onDismiss={() => undefined}>
      <Dialog size="M" isKeyboardDismissDisabled>
        <Heading slot="title">{link.title}</Heading>
        <Content>
          <div className={style({ font: 'body', display: 'flex', flexDirection: 'column', gap: 16 })}>
            <span className="name">{link.mail === 'sent' ? words.sent(link.email) : words[link.mail]}</span>
            {link.url && (
              <>
                <div className={style({ display: 'flex', alignItems: 'center', gap: 8, padding: 12, borderRadius: 'default', backgroundColor: 'gray-75' })}>
                  <code className={style({ font: 'code-sm', overflowWrap: 'anywhere', flexGrow: 1 })}>{link.url}</code>
                  <CopyButton text={link.url} what={words.label} size="M" />
                </div>
                <span>{words.once}</span>
              </>
            )}
            <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.ends} <Time at={link.endsAt} /></span>
          </div>
        </Content>
        <ButtonGroup>
          <Button variant="accent" onPress={onClose}>{link.url ? words.done : common.close}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
