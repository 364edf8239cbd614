import { Button } from '@react-spectrum/s2/Button';
import { Tab, TabList, TabPanel, Tabs } from '@react-spectrum/s2/Tabs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { RoleForm } from './RoleForm';
import { RoleList } from './RoleList';
import { useMay } from '@/api/session';
import { Page, PageHeader } from '@/components/PageHeader';
import { Panel } from '@/components/Section';
import { Loading } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { roles as words } from '@/strings/en/roles';

const Matrix = lazy(() => import('./Matrix'));
const Holders = lazy(() => import('./Holders'));
const Explain = lazy(() => import('./Explain'));

export default function RolesPage() {
  const may = useMay();
  const router = useRouter();
  const [state, setState] = useUrlState({ tab: 'list', q: '', sort: 'name', permission: '', kind: '', who: '', needs: '' });
  const [making, setMaking] = useState(false);
  const create = may('claviger:roles.manage') && <Button variant="accent" onPress={() => setMaking(true)}>{words.create}</Button>;
  return (
    <Page fill={state.tab === 'list'}>
      <PageHeader title={words.title} lead={words.lead} actions={create} />
      <Tabs aria-label={words.title} selectedKey={state.tab} onSelectionChange={(tab) => setState({ tab: String(tab) })} styles={style({ width: 'full', flexGrow: 1, minHeight: 0 })}>
        <TabList>
          <Tab id="list">{words.tabs.list}</Tab>
          <Tab id="matrix">{words.tabs.matrix}</Tab>
          <Tab id="holders">{words.tabs.holders}</Tab>
          <Tab id="explain">{words.tabs.explain}</Tab>
        </TabList>
        <TabPanel id="list" styles={style({ flexGrow: 1, minHeight: 0 })}>
          <RoleList q={state.q} sort={state.sort} setState={setState} />
        </TabPanel>
        <TabPanel id="matrix"><Panel><Suspense fallback={<Loading />}><Matrix /></Suspense></Panel></TabPanel>
        <TabPanel id="holders"><Panel><Suspense fallback={<Loading />}><Holders permission={state.permission} kind={state.kind} setState={setState} /></Suspense></Panel></TabPanel>
        <TabPanel id="explain"><Panel><Suspense fallback={<Loading />}><Explain who={state.who} needs={state.needs} setState={setState} /></Suspense></Panel></TabPanel>
      </Tabs>
      {making && <RoleForm onClose={() => setMaking(false)} onDone={(role) => void router.navigate({ href: `/roles/${role.id}` })} />}
    </Page>
  );
}
