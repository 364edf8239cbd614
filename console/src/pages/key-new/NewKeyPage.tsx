import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { touches } from '@/pages/keys/actions';
import { bodyOf, emptyDraft, type Draft, type PolicyForm } from '@/pages/keys/form/draft';
import { usual } from '@/pages/keys/form/expiry';
import { KeyForm } from '@/pages/keys/form/KeyForm';
import { useQueryTexts } from '@/app/router';
import { Page, PageHeader } from '@/components/PageHeader';
import { SecretOnce } from '@/components/SecretOnce';
import { ErrorState, Loading } from '@/components/states';
import { keyForm as words, secret } from '@/strings/en/keyForm';
import { shell } from '@/strings/en/shell';

interface Made {
  id: string;
  name: string;
  token: string;
}

/** `/keys/new?owner=acct_…`: a service account or a person that the key is made for. */
function startFor(form: PolicyForm, owner: string | undefined): Draft {
  const start = emptyDraft(form, usual(form.expiry));
  const ownerKind = owner?.startsWith('acct_') ? 'service_account' : owner?.startsWith('usr_') ? 'user' : undefined;
  return owner && ownerKind && form.owner_kinds.includes(ownerKind) ? { ...start, ownerKind, owner } : start;
}

function New({ form }: { form: PolicyForm }) {
  const { owner } = useQueryTexts();
  const router = useRouter();
  // The token is here alone: not in the cache, not in the address.
  const [made, setMade] = useState<Made>();
  const create = useAction({
    isSecret: true,
    saysFaults: true,
    call: (draft: Draft) => api.POST('/v1/keys', { body: { ...bodyOf(draft, form.fields), ...(form.fields.includes('protected') && draft.protected && { protected: true }) } }),
    touches,
    onDone: (key) => {
      if (key.secret) setMade({ id: key.id, name: key.name, token: key.secret });
      else void router.navigate({ href: `/keys/${key.id}`, replace: true });
    },
  });
  const leave = () => {
    if (!made) return;
    setMade(undefined);
    void router.navigate({ href: `/keys/${made.id}`, replace: true });
  };
  return (
    <>
      <KeyForm
        form={form}
        start={startFor(form, owner)}
        submit={words.create}
        isRunning={create.isRunning}
        error={create.error}
        faults={create.faults}
        onSubmit={create.run}
        onCancel={() => void router.navigate({ href: '/keys' })}
      />
      {made && <SecretOnce title={secret.title(made.name)} name={made.name} token={made.token} onDone={leave} />}
    </>
  );
}

export default function NewKeyPage() {
  const form = query.useQuery('get', '/v1/policy/form');
  return (
    <Page>
      <PageHeader title={words.newTitle} lead={words.newLead} above={[{ label: shell.pages.keys, href: '/keys' }]} />
      {form.isPending ? <Loading /> : form.error ? <ErrorState error={form.error} retry={() => void form.refetch()} /> : <New form={form.data} />}
    </Page>
  );
}
