import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { touches, type KeyRow } from '../actions';
import { days } from '../form/expiry';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { FormProblem } from '@/components/FormProblem';
import { SecretOnce } from '@/components/SecretOnce';
import { common } from '@/strings/en/common';
import { keyDialogs as words } from '@/strings/en/key';
import { secret } from '@/strings/en/keyForm';

/** The spans in which an old secret may go on working, within the policy's bound. */
function useGraces(): string[] {
  const reads = useMay()('claviger:policy.read');
  const { data } = query.useQuery('get', '/v1/policy', {}, { enabled: reads, staleTime: 60_000 });
  const most = data?.rotation.max_grace;
  return Object.keys(words.graces).filter((span) => !most || days(span) <= days(most));
}

/** A new secret for a key; then the secret, once. */
export function RotateDialog({ row, onClose }: { row: KeyRow; onClose: () => void }) {
  const graces = useGraces();
  const [grace, setGrace] = useState('default');
  const [token, setToken] = useState<string>();
  const rotate = useAction({
    isSecret: true,
    saysFaults: true,
    call: () => api.POST('/v1/keys/{id}/rotate', { params: { path: { id: row.id } }, body: grace === 'default' ? {} : { grace } }),
    touches,
    onDone: (key) => (key.secret ? setToken(key.secret) : onClose()),
  });
  if (token) return <SecretOnce title={secret.rotatedTitle(row.name)} name={row.name} token={token} onDone={onClose} />;
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="S">
        <Heading slot="title">{words.rotateTitle(row.name)}</Heading>
        <Content>
          <Form
            id="rotate"
            onSubmit={(event) => {
              event.preventDefault();
              rotate.run(undefined);
            }}>
            <p className={style({ font: 'body', margin: 0 })}>{words.rotateText}</p>
            <FormProblem error={rotate.error} />
            <RadioGroup label={words.grace} value={grace} onChange={setGrace}>
              <Radio value="default">{words.graceDefault}</Radio>
              {graces.map((span) => <Radio key={span} value={span}>{words.graces[span]}</Radio>)}
            </RadioGroup>
          </Form>
        </Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
          <Button variant="accent" type="submit" form="rotate" isPending={rotate.isRunning}>{words.rotate}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}
