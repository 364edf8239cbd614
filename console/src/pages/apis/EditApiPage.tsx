import { ApiForm } from './ApiForm';
import { query } from '@/api/client';
import { useParam } from '@/app/router';
import { Page, PageHeader } from '@/components/PageHeader';
import { ErrorState, Loading } from '@/components/states';
import { apis as words } from '@/strings/en/apis';

export default function EditApiPage() {
  const id = useParam('id');
  // What is edited stays as it was read: somebody else's change shows when it is saved.
  const found = query.useQuery('get', '/v1/apis/{id}', { params: { path: { id } } }, { refetchOnWindowFocus: false });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  return (
    <Page>
      <PageHeader title={words.editTitle(found.data.name)} above={[{ label: words.title, href: '/apis' }, { label: found.data.name, href: `/apis/${id}` }]} />
      <ApiForm of={found.data} />
    </Page>
  );
}
