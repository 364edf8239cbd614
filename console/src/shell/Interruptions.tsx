import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '@/api/client';
import { settle, type Interruption } from '@/api/interruptions';
import { isProblem } from '@/api/problem';
import { sessionOptions } from '@/api/session';
import { FormProblem } from '@/components/FormProblem';
import { common } from '@/strings/en/common';
import { shell } from '@/strings/en/shell';
import { signIn } from '@/strings/en/signIn';

const words = shell.again;

function Ask({ kind }: { kind: Interruption }) {
  const queries = useQueryClient();
  const session = queries.getQueryData(sessionOptions.queryKey);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [codeAsked, setCodeAsked] = useState(session?.user.second_factor ?? false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  // The session may have ended while it was asked about.
  const [asks, setAsks] = useState(kind);
  const confirming = asks === 'confirm';

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    const proof = { password, ...(code && { code }) };
    try {
      const { error: refused } = confirming
        ? await api.POST('/v1/session/confirm', { body: proof })
        : await api.POST('/v1/session', { body: { ...proof, email: session?.user.email ?? '', organisation: session?.home.slug } });
      if (!refused) {
        settle(true);
        void queries.invalidateQueries({ queryKey: ['session'] });
        return;
      }
      if (isProblem(refused) && refused.code === 'second_factor_needed') setCodeAsked(true);
      else if (isProblem(refused) && refused.code === 'unauthenticated') setAsks('expired');
      else setError(isProblem(refused) && refused.code === 'wrong_credentials' ? { ...refused, detail: signIn.wrong } : refused);
    } catch (lost) {
      setError(lost);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog size="S" isKeyboardDismissDisabled={!confirming}>
      <Heading slot="title">{confirming ? words.confirmTitle : words.expiredTitle}</Heading>
      <Content>
        <Form
          id="again"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}>
          <p className={style({ font: 'body', margin: 0 })}>{confirming ? words.confirm : words.expired}</p>
          <FormProblem error={error} />
          <input type="text" name="username" autoComplete="username" value={session?.user.email ?? ''} readOnly hidden />
          <TextField label={words.password} type="password" name="password" autoComplete="current-password" isRequired autoFocus value={password} onChange={setPassword} />
          {codeAsked && <TextField label={words.code} description={words.codeHelp} name="code" autoComplete="one-time-code" isRequired value={code} onChange={setCode} />}
        </Form>
      </Content>
      <ButtonGroup>
        {confirming ? (
          <Button variant="secondary" onPress={() => settle(false)}>{common.cancel}</Button>
        ) : (
          <Button variant="secondary" onPress={() => window.location.assign('/sign-in')}>{words.somebodyElse}</Button>
        )}
        <Button variant="accent" type="submit" form="again" isPending={busy}>{confirming ? words.goOn : words.signIn}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** The dialogs that come between a request and its answer (api/interruptions.ts). */
export default function Interruptions({ kind }: { kind: Interruption }) {
  return (
    <DialogContainer onDismiss={() => settle(false)}>
      <Ask key={kind} kind={kind} />
    </DialogContainer>
  );
}
