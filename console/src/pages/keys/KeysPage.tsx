import { ActionBar } from '@react-spectrum/s2/ActionBar';
import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Text } from '@react-spectrum/s2/Text';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { Menu, MenuItem, MenuTrigger } from '@react-spectrum/s2/Menu';
import { Cell, Column, Row, TableBody, TableHeader, TableView, type Selection } from '@react-spectrum/s2/TableView';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import CalendarAdd from '@react-spectrum/s2/icons/CalendarAdd';
import Download from '@react-spectrum/s2/icons/Download';
import Pause from '@react-spectrum/s2/icons/Pause';
import Play from '@react-spectrum/s2/icons/Play';
import RemoveCircle from '@react-spectrum/s2/icons/RemoveCircle';
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { KeyMenu } from './actions';
import { useBulk } from './bulk';
import { chosen, offered } from './columns';
import { KeyDialogs, type Asked } from './dialogs/KeyDialogs';
import { defaults, isFiltered, useKeys } from './state';
import { Toolbar } from './Toolbar';
import { ifMatch } from '@/api/action';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Page, PageHeader } from '@/components/PageHeader';
import { EmptyState, ErrorState, NothingFound } from '@/components/states';
import { useUrlState } from '@/hooks/useUrlState';
import { keys as words } from '@/strings/en/keys';

const BulkProgress = lazy(() => import('./BulkDialogs').then((file) => ({ default: file.BulkProgress })));
const ExtendDialog = lazy(() => import('./BulkDialogs').then((file) => ({ default: file.ExtendDialog })));

// On narrow screens the icons of the bar stand for themselves.
const wide = style({ display: { default: 'none', sm: 'block' } });

type Verb = keyof typeof words.bulk.verbs;

function Actions() {
  const may = useMay();
  const { routesByPath } = useRouter();
  return (
    <>
      <MenuTrigger>
        <ActionButton>
          <Download />
          <Text>{words.export}</Text>
        </ActionButton>
        <Menu onAction={(format) => window.location.assign(`/v1/keys/export?format=${String(format)}`)}>
          <MenuItem id="csv">{words.exportCsv}</MenuItem>
          <MenuItem id="ndjson">{words.exportNdjson}</MenuItem>
        </Menu>
      </MenuTrigger>
      {may('claviger:keys.create') && '/keys/new' in routesByPath && <LinkButton href="/keys/new" variant="accent">{words.create}</LinkButton>}
    </>
  );
}

export default function KeysPage() {
  const may = useMay();
  const { routesByPath } = useRouter();
  const [state, setState] = useUrlState(defaults);
  const shown = chosen(state.columns, offered(may('claviger:usage.read')));
  const list = useKeys(state, shown.some((column) => column.name === 'usage'));
  const [selected, setSelected] = useState<Selection>(new Set());
  const [asked, setAsked] = useState<Asked>();
  const [bulk, setBulk] = useState<Verb>();
  const many = useBulk();

  const picked = () => list.items.filter((key) => selected === 'all' || selected.has(key.id));
  const finish = (fine: boolean) => {
    if (fine) {
      many.close();
      setBulk(undefined);
    }
    setSelected(new Set());
  };
  const run = (verb: Verb, date?: string) => {
    setBulk(verb);
    const call = ({ id, version }: { id: string; version: number }) => {
      const at = { params: { path: { id } } };
      if (verb === 'disable') return api.POST('/v1/keys/{id}/disable', at);
      if (verb === 'enable') return api.POST('/v1/keys/{id}/enable', at);
      if (verb === 'revoke') return api.POST('/v1/keys/{id}/revoke', { ...at, body: {} });
      return api.PATCH('/v1/keys/{id}', { ...at, headers: ifMatch(version), body: { expires_at: date } });
    };
    void many.run(picked(), call).then(finish);
  };

  const descending = state.sort.startsWith('-');
  const filtered = isFiltered(state);
  const nothing = filtered ? (
    <NothingFound
      title={words.nothingTitle}
      actions={<ActionButton onPress={() => setState({ ...defaults, columns: state.columns, sort: state.sort })}>{words.clear}</ActionButton>}>
      {words.nothing}
    </NothingFound>
  ) : (
    <EmptyState title={words.emptyTitle} actions={'/keys/new' in routesByPath && may('claviger:keys.create') && <LinkButton href="/keys/new" variant="accent">{words.create}</LinkButton>}>
      {words.empty}
    </EmptyState>
  );

  return (
    <Page fill>
      <PageHeader title={words.title} lead={words.lead} actions={<Actions />} />
      <Toolbar state={state} setState={setState} />
      {list.error ? (
        <ErrorState error={list.error} retry={list.refetch} />
      ) : (
        <TableView
          aria-label={words.table}
          density="compact"
          selectionMode={may('claviger:keys.update') || may('claviger:keys.revoke') ? 'multiple' : 'none'}
          selectedKeys={selected}
          onSelectionChange={setSelected}
          sortDescriptor={{ column: state.sort.replace('-', ''), direction: descending ? 'descending' : 'ascending' }}
          onSortChange={({ column, direction }) => setState({ sort: `${direction === 'descending' ? '-' : ''}${String(column)}` })}
          loadingState={list.isPending ? 'loading' : list.isStale ? 'filtering' : list.isLoadingMore ? 'loadingMore' : 'idle'}
          onLoadMore={list.loadMore}
          onAction={'/keys/$id' in routesByPath ? undefined : () => undefined}
          styles={style({ width: 'full', flexGrow: 1, minHeight: 320 })}
          renderActionBar={() => (
            <ActionBar onClearSelection={() => setSelected(new Set())} selectedItemCount={selected === 'all' ? 'all' : selected.size}>
              {may('claviger:keys.update') && <ActionButton aria-label={words.bulk.enable} onPress={() => run('enable')}><Play /><Text styles={wide}>{words.bulk.enable}</Text></ActionButton>}
              {may('claviger:keys.update') && <ActionButton aria-label={words.bulk.disable} onPress={() => run('disable')}><Pause /><Text styles={wide}>{words.bulk.disable}</Text></ActionButton>}
              {may('claviger:keys.update') && <ActionButton aria-label={words.bulk.extend} onPress={() => setBulk('extend')}><CalendarAdd /><Text styles={wide}>{words.bulk.extend}</Text></ActionButton>}
              {may('claviger:keys.revoke') && <ActionButton aria-label={words.bulk.revoke} onPress={() => setBulk('revoke')}><RemoveCircle /><Text styles={wide}>{words.bulk.revoke}</Text></ActionButton>}
            </ActionBar>
          )}>
          <TableHeader columns={[...shown.map((column) => ({ ...column, id: column.name })), { id: 'menu' as const }]}>
            {(column) =>
              column.id === 'menu' ? (
                <Column id="menu" width={48} minWidth={48} align="end"><span className="spoken">{words.actions.title}</span></Column>
              ) : (
                <Column id={column.id} isRowHeader={column.id === 'name'} allowsSorting={column.sorts} minWidth={column.minWidth} defaultWidth={column.width}>
                  {words.columns[column.id]}
                </Column>
              )
            }
          </TableHeader>
          <TableBody items={list.items} dependencies={[state.columns]} renderEmptyState={() => nothing}>
            {(key) => (
              <Row id={key.id} textValue={key.name} href={'/keys/$id' in routesByPath ? `/keys/${key.id}` : undefined} columns={[...shown.map((column) => ({ ...column, id: column.name })), { id: 'menu' as const }]}>
                {(column) => (
                  <Cell align={column.id === 'menu' ? 'end' : 'start'}>
                    {column.id === 'menu' ? <KeyMenu row={key} onAsk={(what, row) => setAsked({ what, row })} /> : column.cell(key)}
                  </Cell>
                )}
              </Row>
            )}
          </TableBody>
        </TableView>
      )}
      <output className={`tabular ${style({ display: 'block', font: 'ui-sm', color: 'neutral-subdued', margin: 0, marginTop: 8, minHeight: 20 })}`}>
        {!list.isPending && !list.error && words.matching(list.items.length, list.hasMore)}
      </output>
      <KeyDialogs asked={asked} onClose={() => setAsked(undefined)} />
      {bulk === 'revoke' && !many.state && (
        <ConfirmDialog title={words.bulk.revokeTitle(picked().length)} confirm={words.bulk.revoke.replace('…', '')} word={words.bulk.word} onConfirm={() => run('revoke')} onCancel={() => setBulk(undefined)}>
          {words.bulk.revokeText}
        </ConfirmDialog>
      )}
      <Suspense>
        {bulk === 'extend' && !many.state && <ExtendDialog count={picked().length} onExtend={(date) => run('extend', date)} onClose={() => setBulk(undefined)} />}
        {many.state && bulk && <BulkProgress verb={words.bulk.verbs[bulk]} state={many.state} onStop={many.stop} onClose={() => { many.close(); setBulk(undefined); }} />}
      </Suspense>
    </Page>
  );
}
