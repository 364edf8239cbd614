import { ToastQueue } from '@react-spectrum/s2/Toast';
import { useRouter } from '@tanstack/react-router';
import { useAction, ifMatch } from '@/api/action';
import { api, query } from '@/api/client';
import type { components } from '@/api/schema';
import { useParam } from '@/app/router';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading } from '@/components/states';
import { touches } from '@/pages/keys/actions';
import { changesOf, draftOf, type Draft, type PolicyForm } from '@/pages/keys/form/draft';
import { KeyForm } from '@/pages/keys/form/KeyForm';
import { keyForm as words } from '@/strings/en/keyForm';
import { shell } from '@/strings/en/shell';

function Edit({ form, row }: { form: PolicyForm; row: components['schemas']['Key'] }) {
  const router = useRouter();
  const start = draftOf(row);
  const leave = () => void router.navigate({ href: `/keys/${row.id}`, replace: true });
  const save = useAction({
    saysFaults: true,
    call: (draft: Draft) => api.PATCH('/v1/keys/{id}', { params: { path: { id: row.id } }, headers: ifMatch(row.version), body: changesOf(start, draft, form.fields) }),
    touches,
    done: (key) => words.saved(key.name),
    onDone: leave,
  });
  const submit = (draft: Draft) => {
    if (Object.keys(changesOf(start, draft, form.fields)).length > 0) return save.run(draft);
    ToastQueue.info(words.nothingNew, { timeout: 5000 });
    leave();
  };
  return <KeyForm form={form} start={start} edits={row} submit={words.save} isRunning={save.isRunning} error={save.error} faults={save.faults} onSubmit={submit} onCancel={leave} />;
}

export default function EditKeyPage() {
  const id = useParam('id');
  const form = query.useQuery('get', '/v1/policy/form');
  // As it was when the form was opened: what somebody else changes meanwhile is told by the version.
  const key = query.useQuery('get', '/v1/keys/{id}', { params: { path: { id } } }, { refetchOnWindowFocus: false });
  const error = key.error ?? form.error;
  const above = [{ label: shell.pages.keys, href: '/keys' }, { label: key.data?.name ?? id, href: `/keys/${id}` }];
  return (
    <Page>
      <PageHeader title={words.editTitle} above={above} />
      {error ? <ErrorState error={error} retry={() => void Promise.all([key.refetch(), form.refetch()])} /> : key.data && form.data ? <Edit key={key.data.version} form={form.data} row={key.data} /> : <Loading />}
    </Page>
  );
}
