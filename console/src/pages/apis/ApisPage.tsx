import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Data from '@react-spectrum/s2/icons/Data';
import { useState } from 'react';
import { ApiMenu, ApiState, RemoveApi, type Api } from './actions';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { useMay } from '@/api/session';
import { count } from '@/components/format';
import { ListTable, type ListColumn } from '@/components/ListTable';
import { Page, PageHeader } from '@/components/PageHeader';
import { SearchBox } from '@/components/SearchBox';
import { EmptyState, NothingFound } from '@/components/states';
import { Time } from '@/components/Time';
import { useUrlState } from '@/hooks/useUrlState';
import { apis as words } from '@/strings/en/apis';
import { lists } from '@/strings/en/lists';

const columns: readonly ListColumn<Api>[] = [
  { id: 'name', title: words.columns.name, sorts: true, minWidth: 180, width: '2fr', cell: (one) => <span className={`name ${style({ fontWeight: 'medium' })}`}>{one.name}</span> },
  { id: 'slug', title: words.columns.slug, sorts: true, minWidth: 130, width: '1.5fr', cell: (one) => <span className={style({ font: 'code-sm' })}>{one.slug}</span> },
  { id: 'state', title: words.columns.state, minWidth: 150, width: '1.5fr', cell: (one) => <ApiState of={one} /> },
  { id: 'permissions', title: words.columns.permissions, minWidth: 112, width: '1fr', cell: (one) => <span className="tabular">{count(one.permissions.length)}</span> },
  { id: 'routes', title: words.columns.routes, minWidth: 80, width: '1fr', cell: (one) => <span className="tabular">{count(one.routes.length)}</span> },
  { id: 'created_at', title: words.columns.created_at, sorts: true, minWidth: 104, width: '1fr', cell: (one) => <Time plain at={one.created_at} /> },
];

export default function ApisPage() {
  const may = useMay();
  const [state, setState] = useUrlState({ q: '', sort: 'name' });
  const list = usePages<Api>(['apis', 'list', state.q, state.sort], ({ cursor, signal }) =>
    api.GET('/v1/apis', { params: { query: { q: state.q || undefined, sort: state.sort, limit: 100, cursor } }, signal }),
  );
  const [removing, setRemoving] = useState<Api>();
  const create = may('claviger:apis.manage') && <LinkButton variant="accent" href="/apis/new">{words.create}</LinkButton>;
  return (
    <Page fill>
      <PageHeader title={words.title} lead={words.lead} actions={create} />
      <div className={style({ marginBottom: 12 })}>
        <SearchBox label={words.search} placeholder={words.searchPlaceholder} value={state.q} onSearch={(q) => setState({ q })} />
      </div>
      <ListTable
        label={words.table}
        columns={columns}
        list={list}
        nameOf={(one) => one.name}
        href={(one) => `/apis/${one.id}`}
        renderMenu={(one) => <ApiMenu isRow of={one} onRemove={() => setRemoving(one)} />}
        sort={state.sort}
        onSort={(sort) => setState({ sort })}
        words={words.nouns}
        nothing={
          state.q ? (
            <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState({ q: '' })}>{lists.clear}</ActionButton>}>{words.nothing}</NothingFound>
          ) : (
            <EmptyState icon={<Data />} title={words.emptyTitle} actions={create}>{words.empty}</EmptyState>
          )
        }
      />
      {removing && <RemoveApi of={removing} onClose={() => setRemoving(undefined)} />}
    </Page>
  );
}
