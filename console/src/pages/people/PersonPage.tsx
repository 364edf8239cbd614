import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { PersonDialog, type Asked } from './dialogs';
import { Owns, PersonSessions } from './panels';
import { PersonMenu } from './PersonMenu';
import type { Person } from './touches';
import { query } from '@/api/client';
import { useMay, useSession } from '@/api/session';
import { useParam } from '@/app/router';
import { AuditTrail } from '@/components/AuditTrail';
import { Effective } from '@/components/Effective';
import { Code, Facts } from '@/components/Facts';
import { OneTimeLink, type LinkShown } from '@/components/OneTimeLink';
import { Page, PageHeader } from '@/components/PageHeader';
import { Section, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { lists } from '@/strings/en/lists';
import { people as words } from '@/strings/en/people';

const { fields } = words;

function Who({ person }: { person: Person }) {
  const may = useMay();
  const roles = person.roles.map((role, at) => (
    <span key={role.id}>
      {at > 0 && ', '}
      {may('claviger:roles.read') ? <Link href={`/roles/${role.id}`}>{role.name}</Link> : role.name}
    </span>
  ));
  return (
    <Section title={words.facts}>
      <Facts
        facts={[
          { label: fields.email, value: person.email },
          { label: fields.id, value: <Code text={person.id} what={fields.id} /> },
          { label: lists.roles.label, value: roles.length > 0 ? roles : lists.roles.none, wide: true },
          { label: fields.password, value: person.has_password ? fields.passwordSet : fields.passwordNone },
          { label: fields.factor, value: person.second_factor ? words.on : words.off },
          { label: fields.lastSignIn, value: person.last_sign_in_at ? <Time at={person.last_sign_in_at} /> : words.never },
          { label: fields.createdAt, value: <Time at={person.created_at} /> },
          { label: fields.createdBy, value: person.created_by.name },
        ]}
      />
    </Section>
  );
}

export default function PersonPage() {
  const id = useParam('id');
  const may = useMay();
  const session = useSession();
  const router = useRouter();
  const [asked, setAsked] = useState<Asked>();
  const [link, setLink] = useState<LinkShown>();
  const found = query.useQuery('get', '/v1/users/{id}', { params: { path: { id } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const person = found.data;
  return (
    <Page>
      <PageHeader
        title={person.name}
        beside={
          <span className={style({ display: 'inline-flex', gap: 4 })}>
            <StatusBadge status={person.status} />
            {session.user.id === person.id && <Badge size="S" fillStyle="subtle" variant="informative">{words.you}</Badge>}
            {person.operator && <Badge size="S" fillStyle="subtle" variant="purple">{words.operator}</Badge>}
          </span>
        }
        above={[{ label: words.title, href: '/people' }]}
        actions={
          <>
            <PersonMenu person={person} onAsk={setAsked} onLink={setLink} />
            {may('claviger:users.manage') && <Button variant="accent" onPress={() => setAsked('edit')}>{words.actions.edit}</Button>}
          </>
        }
      />
      <Sections
        aside={
          <>
            <Owns person={person} />
            {may('claviger:roles.read') && <Section title={words.may}><Effective principal={person.id} /></Section>}
          </>
        }>
        <Who person={person} />
        <PersonSessions person={person} />
        {may('claviger:audit.read') && <AuditTrail target={person.id} />}
      </Sections>
      <PersonDialog asked={asked} person={person} onClose={() => setAsked(undefined)} onLink={setLink} onGone={() => void router.navigate({ href: '/people', replace: true })} />
      {link && <OneTimeLink link={link} onClose={() => setLink(undefined)} />}
    </Page>
  );
}
