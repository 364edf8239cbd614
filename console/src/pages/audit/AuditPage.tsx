import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Menu, MenuItem, MenuTrigger } from '@react-spectrum/s2/Menu';
import { Cell, Column, Row, TableBody, TableHeader, TableView } from '@react-spectrum/s2/TableView';
import { Text } from '@react-spectrum/s2/Text';
import { ToastQueue } from '@react-spectrum/s2/Toast';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import BadgeVerified from '@react-spectrum/s2/icons/BadgeVerified';
import Download from '@react-spectrum/s2/icons/Download';
import History from '@react-spectrum/s2/icons/History';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { AuditRecord } from './RecordDialog';
import { asked, defaults, isFiltered } from './state';
import { Toolbar } from './Toolbar';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { told } from '@/api/problem';
import { differences } from '@/components/difference';
import { Page, PageHeader } from '@/components/PageHeader';
import { saveFile } from '@/components/saveFile';
import { EmptyState, ErrorState, NothingFound } from '@/components/states';
import { Time } from '@/components/Time';
import { useUrlState } from '@/hooks/useUrlState';
import { actionName, audit as words } from '@/strings/en/audit';

const RecordDialog = lazy(() => import('./RecordDialog').then((file) => ({ default: file.RecordDialog })));
const Verification = lazy(() => import('./Verification').then((file) => ({ default: file.Verification })));

type ColumnName = keyof typeof words.columns;
const quiet = style({ color: 'neutral-subdued' });

const columns: readonly { id: ColumnName; minWidth: number; width: `${number}fr`; cell: (record: AuditRecord) => ReactNode }[] = [
  { id: 'at', minWidth: 120, width: '1fr', cell: (record) => <Time plain at={record.at} /> },
  { id: 'action', minWidth: 168, width: '2fr', cell: (record) => <span className={style({ fontWeight: 'medium' })}>{actionName(record.action)}</span> },
  { id: 'target', minWidth: 160, width: '3fr', cell: (record) => <span className="name">{record.target.name || record.target.id}</span> },
  { id: 'actor', minWidth: 144, width: '2fr', cell: (record) => <span className="name">{record.actor.name}</span> },
  {
    id: 'changes',
    minWidth: 144,
    width: '2fr',
    cell: (record) => <span className={quiet}>{words.fields(differences(record.changes).map((change) => change.field.replace(/_/g, ' '))) || '–'}</span>,
  },
  { id: 'ip', minWidth: 120, width: '1fr', cell: (record) => <span className={`tabular ${quiet}`}>{record.ip ?? '–'}</span> },
];

export default function AuditPage() {
  const [state, setState] = useUrlState(defaults);
  const question = asked(state);
  const list = usePages<AuditRecord>(['audit', 'list', question], ({ cursor, signal }) => api.GET('/v1/audit', { params: { query: { ...question, limit: 100, cursor } }, signal }));
  const [open, setOpen] = useState<number>();
  const [verifying, setVerifying] = useState(false);

  const save = (format: 'csv' | 'ndjson') => {
    const query = new URLSearchParams({ ...(question as Record<string, string>), format });
    saveFile(`/v1/audit/export?${query.toString()}`, `claviger-audit.${format}`).catch((error: unknown) => {
      const { title, detail } = told(error);
      ToastQueue.negative(`${title}: ${detail}`, { timeout: 10_000 });
    });
  };

  const place = list.items.findIndex((record) => record.seq === open);
  const record = list.items[place];
  const step = (by: number) => {
    const next = list.items[place + by];
    return next ? () => setOpen(next.seq) : undefined;
  };
  const nothing = isFiltered(state) ? (
    <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState(defaults)}>{words.clear}</ActionButton>}>{words.nothing}</NothingFound>
  ) : (
    <EmptyState title={words.emptyTitle} icon={<History />}>{words.empty}</EmptyState>
  );
  const actions = (
    <>
      <ActionButton onPress={() => setVerifying(true)}>
        <BadgeVerified />
        <Text>{words.verify}</Text>
      </ActionButton>
      <MenuTrigger>
        <ActionButton>
          <Download />
          <Text>{words.export}</Text>
        </ActionButton>
        <Menu onAction={(format) => save(format as 'csv' | 'ndjson')}>
          <MenuItem id="csv">{words.exportCsv}</MenuItem>
          <MenuItem id="ndjson">{words.exportNdjson}</MenuItem>
        </Menu>
      </MenuTrigger>
    </>
  );

  return (
    <Page fill>
      <PageHeader title={words.title} lead={words.lead} actions={actions} />
      <Toolbar state={state} setState={setState} />
      {list.error ? (
        <ErrorState error={list.error} retry={list.refetch} />
      ) : (
        <TableView
          aria-label={words.table}
          density="compact"
          loadingState={list.isPending ? 'loading' : list.isStale ? 'filtering' : list.isLoadingMore ? 'loadingMore' : 'idle'}
          onLoadMore={list.loadMore}
          onAction={(key) => setOpen(Number(key))}
          styles={style({ width: 'full', flexGrow: 1, minHeight: 320 })}>
          <TableHeader columns={columns}>
            {(column) => (
              <Column id={column.id} isRowHeader={column.id === 'action'} minWidth={column.minWidth} defaultWidth={column.width}>
                {words.columns[column.id]}
              </Column>
            )}
          </TableHeader>
          <TableBody items={list.items} renderEmptyState={() => nothing}>
            {(row) => (
              <Row id={row.seq} textValue={`${actionName(row.action)} ${row.target.name}`} columns={columns}>
                {(column) => <Cell>{column.cell(row)}</Cell>}
              </Row>
            )}
          </TableBody>
        </TableView>
      )}
      <output className={`tabular ${style({ display: 'block', font: 'ui-sm', color: 'neutral-subdued', margin: 0, marginTop: 8, minHeight: 20 })}`}>
        {!list.isPending && !list.error && words.shown(list.items.length, list.hasMore)}
      </output>
      <Suspense>
        {record && <RecordDialog record={record} newer={step(-1)} older={step(1)} setState={setState} onClose={() => setOpen(undefined)} />}
        {verifying && <Verification onClose={() => setVerifying(false)} />}
      </Suspense>
    </Page>
  );
}
