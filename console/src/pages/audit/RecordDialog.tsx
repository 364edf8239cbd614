import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Heading } from '@react-spectrum/s2/Heading';
import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { linkOf } from './links';
import type { SetAuditState } from './state';
import type { components } from '@/api/schema';
import { CopyButton } from '@/components/CopyButton';
import { Difference } from '@/components/Difference';
import { instant } from '@/components/format';
import { actionName, audit as words } from '@/strings/en/audit';
import { common } from '@/strings/en/common';
import { difference } from '@/strings/en/difference';

export type AuditRecord = components['schemas']['AuditRecord'];

interface Props {
  record: AuditRecord;
  newer?: () => void;
  older?: () => void;
  setState: SetAuditState;
  onClose: () => void;
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={style({ display: 'flex', flexDirection: { default: 'column', sm: 'row' }, columnGap: 12, rowGap: 0, minWidth: 0 })}>
      <dt className={style({ font: 'ui', color: 'neutral-subdued', width: 144, flexShrink: 0 })}>{label}</dt>
      <dd className={style({ font: 'ui', margin: 0, minWidth: 0, display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 12, rowGap: 4 })}>{children}</dd>
    </div>
  );
}

function Code({ text, what }: { text: string; what: string }) {
  return (
    <span className={style({ display: 'flex', alignItems: 'center', gap: 4, minWidth: 0 })}>
      <code className={style({ font: 'code-sm', wordBreak: 'break-all', minWidth: 0 })}>{text}</code>
      <CopyButton text={text} what={what} size="XS" />
    </span>
  );
}

function Inside({ record, newer, older, setState, onClose }: Props) {
  const { actor, target } = record;
  const only = (patch: Parameters<SetAuditState>[0]) => {
    setState(patch);
    onClose();
  };
  const targetPage = linkOf(target);
  const actorPage = linkOf({ type: actor.type, id: actor.id });
  return (
    <Dialog size="L">
      <Heading slot="title">{actionName(record.action)}</Heading>
      <Content>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 20 })}>
          <dl className={style({ margin: 0, display: 'flex', flexDirection: 'column', gap: 8 })}>
            <Fact label={words.details.at}>{instant(record.at)}</Fact>
            <Fact label={words.details.target}>
              <span>
                {target.name && <strong className="name">{target.name}</strong>} <span className={style({ color: 'neutral-subdued' })}>{words.targets[target.type] ?? target.type}</span>
              </span>
              {targetPage && <Link href={targetPage} variant="secondary">{words.details.open(words.targets[target.type] ?? target.type)}</Link>}
              {target.id && <Link variant="secondary" onPress={() => only({ target: target.id })}>{words.onlyTarget}</Link>}
            </Fact>
            <Fact label={words.details.actor}>
              <span>
                <strong className="name">{actor.name}</strong> <span className={style({ color: 'neutral-subdued' })}>{words.by[actor.type] ?? actor.type}</span>
              </span>
              {actorPage && <Link href={actorPage} variant="secondary">{words.details.open(words.targets[actor.type] ?? actor.type)}</Link>}
              {actor.id && <Link variant="secondary" onPress={() => only({ actor: actor.id ?? '' })}>{words.onlyActor}</Link>}
            </Fact>
            <Fact label={words.details.from}>{record.ip ?? common.unknown}</Fact>
            {record.request_id && (
              <Fact label={words.details.request}>
                <Code text={record.request_id} what={words.details.request} />
              </Fact>
            )}
          </dl>
          <section aria-label={difference.title}>
            <h3 className={style({ font: 'title-sm', margin: 0, marginBottom: 8 })}>{difference.title}</h3>
            <Difference changes={record.changes} />
          </section>
          <dl className={style({ margin: 0, display: 'flex', flexDirection: 'column', gap: 4 })}>
            <Fact label={words.details.place}>{words.details.place_of(record.seq)}</Fact>
            <Fact label={words.details.hash}>
              <Code text={record.hash} what={words.details.hash} />
            </Fact>
          </dl>
        </div>
      </Content>
      <ButtonGroup>
        <Button variant="secondary" onPress={onClose}>{common.close}</Button>
        <Button variant="secondary" isDisabled={!newer} onPress={newer}>{words.details.newer}</Button>
        <Button variant="secondary" isDisabled={!older} onPress={older}>{words.details.older}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** One record, whole: who, what, from where, and the difference. */
export function RecordDialog(props: Props) {
  return (
    <DialogContainer onDismiss={props.onClose}>
      <Inside {...props} />
    </DialogContainer>
  );
}
