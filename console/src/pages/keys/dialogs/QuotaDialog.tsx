import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { NumberField } from '@react-spectrum/s2/NumberField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { touches, type KeyRow } from '../actions';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormProblem } from '@/components/FormProblem';
import { common } from '@/strings/en/common';
import { keyDialogs as words } from '@/strings/en/key';

/** What is used of a key's quota, set anew. */
export function QuotaDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const [used, setUsed] = useState(0);
  const adjust = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/keys/{id}/quota', { params: { path: { id: row.id } }, body: { used } }),
    touches,
    done: words.quotaDone(row.name),
    onDone: onClose,
  });
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="S">
        <Heading slot="title">{words.quotaTitle(row.name)}</Heading>
        <Content>
          <Form
            id="quota"
            validationErrors={adjust.faults}
            onSubmit={(event) => {
              event.preventDefault();
              adjust.run(undefined);
            }}>
            {row.quota && <p className={style({ font: 'body', margin: 0 })}>{words.quotaText(row.quota.used ?? 0, row.quota.limit)}</p>}
            <FormProblem error={adjust.error} fields={['used']} />
            <NumberField autoFocus label={words.quotaUsed} description={words.quotaHelp} name="used" value={used} onChange={setUsed} minValue={0} isRequired />
          </Form>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
          <Button variant="accent" type="submit" form="quota" isPending={adjust.isRunning}>{words.quotaSave}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
