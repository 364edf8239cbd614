import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { DatePicker } from '@react-spectrum/s2/DatePicker';
import { Form } from '@react-spectrum/s2/Form';
import { ProgressBar } from '@react-spectrum/s2/ProgressBar';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { getLocalTimeZone, today, type CalendarDate } from '@internationalized/date';
import { useState } from 'react';
import type { BulkState } from './bulk';
import { common } from '@/strings/en/common';
import { keys as words } from '@/strings/en/keys';

/** How far a change of many keys is, and what could not be changed. */
export function BulkProgress({ verb, state, onStop, onClose }: { verb: string; state: BulkState; onStop: () => void; onClose: () => void }) {
  const gone = state.done + state.failures.length;
  return (
    <DialogContainer onDismiss={state.running ? () => undefined : onClose}>
      <Dialog size="S" isKeyboardDismissDisabled={state.running}>
        <Heading slot="title">{state.running ? words.bulk.progressTitle(verb) : words.bulk.finished(state.done)}</Heading>
        <Content>
          <ProgressBar label={verb} value={gone} maxValue={state.total} valueLabel={words.bulk.progress(gone, state.total)} styles={style({ width: 'full' })} />
          {state.failures.length > 0 && (
            <div role="alert" className={style({ font: 'ui', marginTop: 16 })}>
              {words.bulk.failures(state.failures.length)}
              <ul className={style({ maxHeight: 192, overflow: 'auto', paddingStart: 16, margin: 0 })}>
                {state.failures.map((one, at) => (
                  <li key={at}>
                    <strong className="name">{one.name}</strong>: {one.detail}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={state.running ? onStop : onClose}>{state.running ? words.bulk.stop : common.close}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}

/** A new end for many keys. */
export function ExtendDialog({ count, onExtend, onClose }: { count: number; onExtend: (date: string) => void; onClose: () => void }) {
  const [date, setDate] = useState<CalendarDate | null>(today(getLocalTimeZone()).add({ days: 90 }));
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="S">
        <Heading slot="title">{words.bulk.extendTitle(count)}</Heading>
        <Content>
          <Form
            id="extend"
            onSubmit={(event) => {
              event.preventDefault();
              if (date) onExtend(date.toString());
            }}>
            <DatePicker label={words.bulk.extendTo} value={date} onChange={setDate} minValue={today(getLocalTimeZone()).add({ days: 1 })} isRequired />
          </Form>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
          <Button variant="accent" type="submit" form="extend">{words.bulk.extendNow}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
