import { Button } from '@react-spectrum/s2/Button';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { Gone } from './Gone';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useParam } from '@/app/router';
import { AuthFrame } from '@/components/AuthFrame';
import { FormProblem } from '@/components/FormProblem';
import { NewPassword } from '@/components/NewPassword';
import { ErrorState, Loading } from '@/components/states';
import { welcome } from '@/strings/en/signIn';

/** The set-up link: its holder becomes the first person of the installation. */
export default function SetupPage() {
  const token = useParam('token');
  const router = useRouter();
  const queries = useQueryClient();
  const link = query.useQuery('get', '/v1/setup/{token}', { params: { path: { token } } });
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const begin = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/setup/{token}', { params: { path: { token } }, body: { name, email, password } }),
    onDone: () => {
      queries.clear();
      // The token is used up, and is not kept in the history either.
      void router.navigate({ href: '/welcome', replace: true });
    },
  });

  if (link.isPending) return <Loading />;
  if (link.error) {
    if (link.error.code !== 'not_found') return <ErrorState error={link.error} retry={() => void link.refetch()} />;
    return (
      <Gone>
        {welcome.goneSetup} <code className={style({ font: 'code-sm' })}>claviger --data DIR admin recover --new ADDRESS</code>
      </Gone>
    );
  }
  return (
    <AuthFrame title={welcome.setupTitle} lead={welcome.setupLead}>
      <Form
        size="L"
        validationErrors={begin.faults}
        onSubmit={(event) => {
          event.preventDefault();
          begin.run(undefined);
        }}>
        <FormProblem error={begin.error} fields={['name', 'email', 'password']} />
        <TextField label={welcome.name} name="name" autoComplete="name" isRequired autoFocus value={name} onChange={setName} />
        <TextField label={welcome.email} name="email" type="email" autoComplete="username" isRequired value={email} onChange={setEmail} />
        <NewPassword value={password} onChange={setPassword} least={link.data.password_length} />
        <Button type="submit" variant="accent" size="L" isPending={begin.isRunning} styles={style({ marginTop: 8, width: 'full' })}>{welcome.create}</Button>
      </Form>
    </AuthFrame>
  );
}
