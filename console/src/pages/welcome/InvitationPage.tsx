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

/** An invitation, or a recovery: its holder chooses a password and is in. */
export default function InvitationPage() {
  const token = useParam('token');
  const router = useRouter();
  const queries = useQueryClient();
  const link = query.useQuery('get', '/v1/invitations/{token}', { params: { path: { token } } });
  const [name, setName] = useState<string>();
  const [password, setPassword] = useState('');
  const accept = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/invitations/{token}', { params: { path: { token } }, body: { password, ...(name && { name }) } }),
    onDone: () => {
      queries.clear();
      void router.navigate({ href: '/welcome', replace: true });
    },
  });

  if (link.isPending) return <Loading />;
  if (link.error) {
    if (link.error.code !== 'not_found') return <ErrorState error={link.error} retry={() => void link.refetch()} />;
    return <Gone>{welcome.goneInvitation}</Gone>;
  }
  const { purpose, organisation, email, name: known, password_length: least } = link.data;
  const recovering = purpose === 'recovery';
  return (
    <AuthFrame
      title={recovering ? welcome.recoveryTitle : welcome.invitationTitle(organisation.name)}
      lead={recovering ? welcome.recoveryLead : welcome.invitationLead}>
      <Form
        size="L"
        validationErrors={accept.faults}
        onSubmit={(event) => {
          event.preventDefault();
          accept.run(undefined);
        }}>
        <FormProblem error={accept.error} fields={['name', 'password']} />
        <TextField label={welcome.email} name="email" type="email" autoComplete="username" isReadOnly value={email} />
        {!recovering && <TextField label={welcome.name} name="name" autoComplete="name" isRequired value={name ?? known} onChange={setName} />}
        <NewPassword value={password} onChange={setPassword} least={least} />
        <Button type="submit" variant="accent" size="L" isPending={accept.isRunning} styles={style({ marginTop: 8, width: 'full' })}>{welcome.enter}</Button>
      </Form>
    </AuthFrame>
  );
}
