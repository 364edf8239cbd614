import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { Heading } from '@react-spectrum/s2/Heading';
import { TextField } from '@react-spectrum/s2/TextField';
import { useState } from 'react';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormProblem } from '@/components/FormProblem';
import { NewPassword } from '@/components/NewPassword';
import { account as words } from '@/strings/en/account';
import { common } from '@/strings/en/common';

interface Props {
  email: string;
  /** The shortest that is taken. */
  least: number;
  onClose: () => void;
}

function Inside({ email, least, onClose }: Props) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const change = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/me/password', { body: { current, new: password } }),
    touches: [['get', '/v1/sessions'], ['session']],
    done: words.passwordSaved,
    onDone: onClose,
  });
  // The server calls it `new`, the field is `password`.
  const { new: fault, ...others } = change.faults;
  const isWrong = change.problem?.code === 'wrong_credentials';
  const faults = { ...others, ...(fault && { password: fault }), ...(isWrong && { current: words.wrongPassword }) };
  return (
    <Dialog size="S">
      <Heading slot="title">{words.changePassword.replace('…', '')}</Heading>
      <Content>
        <Form
          id="change-password"
          validationErrors={faults}
          onSubmit={(event) => {
            event.preventDefault();
            change.run(undefined);
          }}>
          <FormProblem error={isWrong ? undefined : change.error} fields={['current', 'new']} />
          <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
          <TextField label={words.current} name="current" type="password" autoComplete="current-password" isRequired autoFocus value={current} onChange={setCurrent} />
          <NewPassword value={password} onChange={setPassword} least={least} />
        </Form>
      </Content>
      <ButtonGroup>
        <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
        <Button variant="accent" type="submit" form="change-password" isPending={change.isRunning}>{common.save}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

export function PasswordDialog(props: Props) {
  return (
    <DialogContainer onDismiss={props.onClose}>
      <Inside {...props} />
    </DialogContainer>
  );
}
