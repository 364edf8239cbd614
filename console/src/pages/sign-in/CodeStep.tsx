import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Form } from '@react-spectrum/s2/Form';
import { Link } from '@react-spectrum/s2/Link';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { AuthFrame } from '@/components/AuthFrame';
import { FormProblem } from '@/components/FormProblem';
import { signIn } from '@/strings/en/signIn';

interface Props {
  busy: boolean;
  error: unknown;
  onCode: (code: string) => void;
  onBack: () => void;
}

/** The second step: six digits of the app, which are sent as soon as they are whole, or a recovery code. */
export function CodeStep({ busy, error, onCode, onBack }: Props) {
  const [code, setCode] = useState('');
  const [recovery, setRecovery] = useState(false);
  const type = (text: string) => {
    const next = recovery ? text : text.replace(/\D/g, '').slice(0, 6);
    setCode(next);
    if (!recovery && next.length === 6 && next !== code) onCode(next);
  };
  return (
    <AuthFrame title={signIn.secondTitle} lead={recovery ? signIn.recoveryLead : signIn.secondLead}>
      <Form
        size="L"
        onSubmit={(event) => {
          event.preventDefault();
          onCode(code.trim());
        }}>
        <FormProblem error={error} />
        <TextField
          key={recovery ? 'recovery' : 'app'}
          autoFocus
          isRequired
          label={recovery ? signIn.recoveryCode : signIn.code}
          name="code"
          inputMode={recovery ? 'text' : 'numeric'}
          autoComplete="one-time-code"
          value={code}
          onChange={type}
        />
        <ButtonGroup styles={style({ marginTop: 8 })}>
          <Button variant="secondary" size="L" onPress={onBack}>{signIn.back}</Button>
          <Button type="submit" variant="accent" size="L" isPending={busy}>{signIn.verify}</Button>
        </ButtonGroup>
      </Form>
      <span className={style({ font: 'ui-sm' })}>
        <Link
          isQuiet
          variant="secondary"
          onPress={() => {
            setRecovery(!recovery);
            setCode('');
          }}>
          {recovery ? signIn.withApp : signIn.withRecovery}
        </Link>
      </span>
    </AuthFrame>
  );
}
