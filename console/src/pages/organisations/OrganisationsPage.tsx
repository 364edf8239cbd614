import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Building from '@react-spectrum/s2/icons/Building';
import { useState } from 'react';
import { enter, OrganisationDialog, OrganisationMenu, type Asked, type Organisation } from './actions';
import { NewOrganisationForm } from './OrganisationForm';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { useSession } from '@/api/session';
import { ListTable, type ListColumn } from '@/components/ListTable';
import { Names } from '@/components/Names';
import { Page, PageHeader } from '@/components/PageHeader';
import { SearchBox } from '@/components/SearchBox';
import { EmptyState, NothingFound } from '@/components/states';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { useUrlState } from '@/hooks/useUrlState';
import { lists } from '@/strings/en/lists';
import { organisations as words } from '@/strings/en/organisations';

function columnsFor(here: string): ListColumn<Organisation>[] {
  return [
    {
      id: 'name',
      title: words.columns.name,
      sorts: true,
      minWidth: 200,
      width: '2fr',
      cell: (one) => (
        <span className={`name ${style({ fontWeight: 'medium' })}`}>
          {one.name}
          {one.id === here && <span className={style({ color: 'neutral-subdued' })}>{` · ${words.here}`}</span>}
        </span>
      ),
    },
    { id: 'slug', title: words.columns.slug, minWidth: 140, width: '1fr', cell: (one) => <span className={style({ font: 'code-sm' })}>{one.slug}</span> },
    { id: 'status', title: words.columns.status, minWidth: 112, width: '1fr', cell: (one) => <StatusBadge status={one.status} /> },
    { id: 'limits', title: words.columns.limits, minWidth: 160, width: '1.5fr', cell: (one) => <Names names={one.rate_limits.map((limit) => `${limit.name}: ${lists.limits.one(limit.limit, limit.window)}`)} /> },
    { id: 'created_at', title: words.columns.created_at, sorts: true, minWidth: 104, width: '1fr', cell: (one) => <Time plain at={one.created_at} /> },
  ];
}

function Made({ of, onClose }: { of: Organisation; onClose: () => void }) {
  return (
    <DialogContainer onDismiss={onClose}>
      <Dialog size="S">
        <Heading slot="title">{words.createdTitle(of.name)}</Heading>
        <Content>{words.created}</Content>
        <ButtonGroup>
          <Button variant="secondary" onPress={onClose}>{words.later}</Button>
          <Button variant="accent" onPress={() => enter(of.slug, '/people')}>{words.goThere}</Button>
        </ButtonGroup>
      </Dialog>
    </DialogContainer>
  );
}

export default function OrganisationsPage() {
  const { organisation } = useSession();
  const [state, setState] = useUrlState({ q: '', sort: '-created_at' });
  const list = usePages<Organisation>(['organisations', 'list', state.q, state.sort], ({ cursor, signal }) =>
    api.GET('/v1/organisations', { params: { query: { q: state.q || undefined, sort: state.sort, limit: 100, cursor } }, signal }),
  );
  const [asked, setAsked] = useState<{ what: Asked; of: Organisation }>();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Organisation>();
  const create = <Button variant="accent" onPress={() => setMaking(true)}>{words.create}</Button>;
  return (
    <Page fill>
      <PageHeader title={words.title} lead={words.lead} actions={create} />
      <div className={style({ marginBottom: 12 })}>
        <SearchBox label={words.search} placeholder={words.searchPlaceholder} value={state.q} onSearch={(q) => setState({ q })} />
      </div>
      <ListTable
        label={words.table}
        columns={columnsFor(organisation.id)}
        list={list}
        nameOf={(one) => one.name}
        renderMenu={(one) => <OrganisationMenu of={one} onAsk={(what) => setAsked({ what, of: one })} />}
        sort={state.sort}
        onSort={(sort) => setState({ sort })}
        words={words.nouns}
        nothing={
          state.q ? (
            <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState({ q: '' })}>{lists.clear}</ActionButton>}>{words.nothing}</NothingFound>
          ) : (
            <EmptyState icon={<Building />} title={words.emptyTitle} actions={create} />
          )
        }
      />
      {asked && <OrganisationDialog asked={asked.what} of={asked.of} onClose={() => setAsked(undefined)} />}
      {making && <NewOrganisationForm onDone={setMade} onClose={() => setMaking(false)} />}
      {made && <Made of={made} onClose={() => setMade(undefined)} />}
    </Page>
  );
}
