import { ApiForm } from './ApiForm';
import { Page, PageHeader } from '@/components/PageHeader';
import { apis as words } from '@/strings/en/apis';

export default function NewApiPage() {
  return (
    <Page>
      <PageHeader title={words.createTitle} above={[{ label: words.title, href: '/apis' }]} />
      <ApiForm />
    </Page>
  );
}
