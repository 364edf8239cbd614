import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Button } from '@react-spectrum/s2/Button';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import UserGroup from '@react-spectrum/s2/icons/UserGroup';
import Upload from '@react-spectrum/s2/icons/Upload';
import { lazy, Suspense, useState } from 'react';
import { columns } from './columns';
import { PersonDialog, type Asked } from './dialogs';
import { InviteForm } from './PersonForm';
import { PersonMenu } from './PersonMenu';
import type { Person } from './touches';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { useRoles } from '@/api/roles';
import { useMay } from '@/api/session';
import { ListTable } from '@/components/ListTable';
import { OneTimeLink, type LinkShown } from '@/components/OneTimeLink';
import { Page, PageHeader } from '@/components/PageHeader';
import { SearchBox } from '@/components/SearchBox';
import { EmptyState, NothingFound } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { lists } from '@/strings/en/lists';
import { people as words } from '@/strings/en/people';

const PeopleImport = lazy(() => import('./PeopleImport'));

const ANY = 'any';
const defaults = { q: '', status: '', role: '', sort: 'name' };
const statuses = Object.entries(words.statusChoices).map(([id, name]) => ({ id: id || ANY, name }));

export default function PeoplePage() {
  const may = useMay();
  const [state, setState] = useUrlState(defaults);
  const said = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== ''));
  const list = usePages<Person>(['users', 'list', said], ({ cursor, signal }) => api.GET('/v1/users', { params: { query: { ...said, limit: 100, cursor } }, signal }));
  const roles = useRoles().map(({ id, name }) => ({ id: id as string, name }));
  const [asked, setAsked] = useState<{ what: Asked; person: Person }>();
  const [making, setMaking] = useState<'one' | 'many'>();
  const [link, setLink] = useState<LinkShown>();
  const filtered = Boolean(state.q || state.status || state.role);
  const invite = may('claviger:users.manage') && <Button variant="accent" onPress={() => setMaking('one')}>{words.invite}</Button>;
  return (
    <Page fill>
      <PageHeader
        title={words.title}
        lead={words.lead}
        actions={
          <>
            {may('claviger:users.manage') && (
              <ActionButton onPress={() => setMaking('many')}>
                <Upload />
                <Text>{words.import}</Text>
              </ActionButton>
            )}
            {invite}
          </>
        }
      />
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8, marginBottom: 12 })}>
        <SearchBox label={words.search} placeholder={words.searchPlaceholder} value={state.q} onSearch={(q) => setState({ q })} />
        <Picker aria-label={words.status} items={statuses} value={state.status || ANY} onChange={(id) => setState({ status: id === ANY ? '' : String(id) })} styles={style({ width: 136 })}>
          {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
        </Picker>
        {roles.length > 0 && (
          <Picker aria-label={words.role} items={[{ id: ANY, name: words.anyRole }, ...roles]} value={state.role || ANY} onChange={(id) => setState({ role: id === ANY ? '' : String(id) })} styles={style({ width: 152 })}>
            {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
          </Picker>
        )}
      </div>
      <ListTable
        label={words.table}
        columns={columns}
        list={list}
        nameOf={(person) => person.name}
        href={(person) => `/people/${person.id}`}
        renderMenu={(person) => <PersonMenu isRow person={person} onAsk={(what) => setAsked({ what, person })} onLink={setLink} />}
        sort={state.sort}
        onSort={(sort) => setState({ sort })}
        words={words.nouns}
        nothing={
          filtered ? (
            <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState({ ...defaults, sort: state.sort })}>{lists.clear}</ActionButton>}>{words.nothing}</NothingFound>
          ) : (
            <EmptyState icon={<UserGroup />} title={words.emptyTitle} actions={invite}>{words.empty}</EmptyState>
          )
        }
      />
      {asked && <PersonDialog asked={asked.what} person={asked.person} onClose={() => setAsked(undefined)} onLink={setLink} />}
      {making === 'one' && <InviteForm onLink={setLink} onClose={() => setMaking(undefined)} />}
      <Suspense>{making === 'many' && <PeopleImport onClose={() => setMaking(undefined)} />}</Suspense>
      {link && <OneTimeLink link={link} onClose={() => setLink(undefined)} />}
    </Page>
  );
}
