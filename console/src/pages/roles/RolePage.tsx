import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { RoleDialog, RoleMenu, type Asked } from './actions';
import { CanCannot } from './CanCannot';
import { groups } from './catalogue';
import { Held } from './Held';
import { Kind } from './RoleList';
import { query } from '@/api/client';
import { catalogueOptions } from '@/api/roles';
import { useMay } from '@/api/session';
import { useParam } from '@/app/router';
import { AuditTrail } from '@/components/AuditTrail';
import { Code, Facts } from '@/components/Facts';
import { Page, PageHeader } from '@/components/PageHeader';
import { Section, Sections } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { roles as words } from '@/strings/en/roles';

export default function RolePage() {
  const id = useParam('id');
  const may = useMay();
  const router = useRouter();
  const [asked, setAsked] = useState<Asked>();
  const catalogue = useQuery(catalogueOptions);
  const found = query.useQuery('get', '/v1/roles/{id}', { params: { path: { id } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const role = found.data;
  return (
    <Page>
      <PageHeader
        title={role.name}
        beside={<Kind role={role} />}
        lead={<span className="name">{role.description}</span>}
        above={[{ label: words.title, href: '/roles' }]}
        actions={
          <>
            <RoleMenu role={role} onAsk={setAsked} />
            {may('claviger:roles.manage') && role.builtin && <Button variant="secondary" onPress={() => setAsked('duplicate')}>{words.actions.duplicate}</Button>}
            {may('claviger:roles.manage') && !role.builtin && <Button variant="accent" onPress={() => setAsked('edit')}>{words.actions.edit}</Button>}
          </>
        }
      />
      <Sections aside={<><Held role={role} />{may('claviger:audit.read') && !role.builtin && <AuditTrail target={role.id} />}</>}>
        <Section title={words.permissions} lead={role.builtin ? words.builtinNote : undefined}>
          <Facts
            facts={[
              { label: words.fields.id, value: <Code text={role.id} what={words.fields.id} /> },
              { label: words.fields.api, value: role.api?.name ?? words.fields.apiNone },
              { label: words.fields.holders, value: words.heldBy(role.holders.users, role.holders.service_accounts, role.holders.keys) },
              ...(role.created_at ? [{ label: words.fields.createdAt, value: <Time at={role.created_at} /> }] : []),
              { label: words.permissions, value: role.permissions.length > 0 && <span className={style({ font: 'code-sm' })}>{role.permissions.join(', ')}</span>, wide: true },
            ]}
          />
        </Section>
        <Section title={words.preview}>
          {catalogue.data ? <CanCannot groups={groups(catalogue.data, role.permissions)} patterns={role.permissions} /> : <Loading />}
        </Section>
      </Sections>
      <RoleDialog asked={asked} role={role} onClose={() => setAsked(undefined)} onGone={() => void router.navigate({ href: '/roles', replace: true })} />
    </Page>
  );
}
