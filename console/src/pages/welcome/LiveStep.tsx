import { Button } from '@react-spectrum/s2/Button';
import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { ProgressCircle } from '@react-spectrum/s2/ProgressCircle';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { listenerAt, verifyCommand } from './firstKey';
import { StepFrame } from './StepFrame';
import type { Step } from './steps';
import { query } from '@/api/client';
import { CopyButton } from '@/components/CopyButton';
import { firstRun } from '@/strings/en/firstRun';

const words = firstRun.live;
const box = style({ display: 'flex', alignItems: 'start', gap: 8, padding: 12, borderRadius: 'lg', backgroundColor: 'gray-75', minWidth: 0 });
const code = style({ font: 'code-sm', wordBreak: 'break-all', flexGrow: 1, minWidth: 0 });

interface Props {
  steps: readonly Step[];
  id: string;
  /** Here once, and gone with the page. */
  secret?: string;
  onDone: () => void;
}

/** What has come with the key, asked for every second until there is something. */
function Seen({ id }: { id: string }) {
  const seen = query.useQuery(
    'get',
    '/v1/keys/{id}/requests',
    { params: { path: { id }, query: { limit: 1 } } },
    { refetchInterval: ({ state }) => (state.data?.items.length ? false : 1000), staleTime: 0 },
  );
  const [first] = seen.data?.items ?? [];
  const from = first?.ip ? words.from(first.ip) : '';
  return (
    <div aria-live="polite" className={style({ minHeight: 80, display: 'flex', alignItems: 'center', gap: 12, font: 'ui' })}>
      {first ? (
        <InlineAlert variant={first.code === 'VALID' ? 'positive' : 'notice'} fillStyle="subtleFill" styles={style({ width: 'full' })}>
          <Heading>{words.seen}</Heading>
          <Content>{first.code === 'VALID' ? words.good(from) : words.refused(first.code, from)}</Content>
        </InlineAlert>
      ) : (
        <>
          <ProgressCircle isIndeterminate size="S" aria-label={words.waiting} />
          <span className={style({ color: 'neutral-subdued' })}>{words.waiting}</span>
        </>
      )}
    </div>
  );
}

/** The secret, this once; the command that verifies it; and its first verification, live. */
export function LiveStep({ steps, id, secret, onDone }: Props) {
  const [where, setWhere] = useState(`${window.location.protocol}//${window.location.hostname}:7401`);
  const [stored, setStored] = useState(false);
  const listener = listenerAt(where);
  const command = listener && verifyCommand(listener, secret ?? '$KEY');
  return (
    <StepFrame step="key" steps={steps} title={words.title} lead={secret ? words.lead : words.gone}>
      {secret && (
        <>
          <div className={box}>
            <code aria-label={words.secret} className={code}>{secret}</code>
            <CopyButton text={secret} what={words.secret} />
          </div>
          <Checkbox isSelected={stored} onChange={setStored}>{words.stored}</Checkbox>
        </>
      )}
      <div className={style({ display: 'flex', flexDirection: 'column', gap: 12 })}>
        <div>
          <h2 className={style({ font: 'title', margin: 0 })}>{words.tryTitle}</h2>
          <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0 })}>{words.tryLead}</p>
        </div>
        {command && (
          <div className={box}>
            <code aria-label={words.command} className={code}>{command}</code>
            <CopyButton text={command} what={words.command} />
          </div>
        )}
        <TextField label={words.where} description={words.whereHelp} autoComplete="off" spellCheck="false" isInvalid={!listener} errorMessage={words.whereWrong} value={where} onChange={setWhere} styles={style({ width: 'full' })} />
        <Seen id={id} />
      </div>
      <Button variant="accent" size="L" isDisabled={secret !== undefined && !stored} onPress={onDone}>{firstRun.finish}</Button>
    </StepFrame>
  );
}
