import { Button } from '@react-spectrum/s2/Button';
import { Divider } from '@react-spectrum/s2/Divider';
import { Form } from '@react-spectrum/s2/Form';
import { Link } from '@react-spectrum/s2/Link';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { CodeStep } from './CodeStep';
import { api, query } from '@/api/client';
import { actIn } from '@/api/organisation';
import { isProblem } from '@/api/problem';
import { useQueryTexts } from '@/app/router';
import { AuthFrame } from '@/components/AuthFrame';
import { FormProblem } from '@/components/FormProblem';
import { signIn } from '@/strings/en/signIn';

/** An address of this console and of nowhere else. */
function inside(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}

export default function SignInPage() {
  const { next } = useQueryTexts();
  const { data: methods } = query.useQuery('get', '/v1/session/methods');
  const queries = useQueryClient();
  const router = useRouter();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [organisation, setOrganisation] = useState('');
  const [several, setSeveral] = useState(false);
  const [codeAsked, setCodeAsked] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const submit = async (code?: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const body = { email, password, ...(organisation && { organisation }), ...(code && { code }) };
      const { error: refused } = await api.POST('/v1/session', { body });
      if (!refused) {
        actIn(undefined);
        queries.clear();
        await router.navigate({ href: inside(next), replace: true });
        return;
      }
      if (!isProblem(refused)) throw refused;
      if (refused.code === 'second_factor_needed') setCodeAsked(true);
      else if (refused.code === 'wrong_credentials') setError({ ...refused, detail: codeAsked ? signIn.wrongCode : signIn.wrong });
      else setError(refused);
    } catch (lost) {
      setError(lost);
    } finally {
      setBusy(false);
    }
  };

  if (codeAsked) {
    const back = () => {
      setCodeAsked(false);
      setError(undefined);
      setPassword('');
    };
    return <CodeStep busy={busy} error={error} onCode={(code) => void submit(code)} onBack={back} />;
  }
  return (
    <AuthFrame title={signIn.title} lead={signIn.lead}>
      {methods?.oidc && (
        <>
          <LinkButton variant="secondary" size="L" href={`/v1/oidc/start?then=${encodeURIComponent(inside(next))}`} rel="external" target="_self">
            {signIn.provider}
          </LinkButton>
          <Divider size="S" />
        </>
      )}
      <Form
        size="L"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}>
        <FormProblem error={error} />
        <TextField label={signIn.email} name="email" type="email" autoComplete="username" isRequired autoFocus value={email} onChange={setEmail} />
        <TextField label={signIn.password} name="password" type="password" autoComplete="current-password" isRequired value={password} onChange={setPassword} />
        {several && (
          <TextField label={signIn.organisation} description={signIn.organisationHelp} name="organisation" value={organisation} onChange={setOrganisation} />
        )}
        <Button type="submit" variant="accent" size="L" isPending={busy} styles={style({ marginTop: 8, width: 'full' })}>
          {signIn.submit}
        </Button>
      </Form>
      <div className={style({ display: 'flex', flexDirection: 'column', gap: 8, font: 'ui-sm', color: 'neutral-subdued' })}>
        {!several && (
          <span>
            <Link isQuiet variant="secondary" onPress={() => setSeveral(true)}>{signIn.several}</Link>
          </span>
        )}
        <span>{signIn.forgotten}</span>
      </div>
    </AuthFrame>
  );
}
