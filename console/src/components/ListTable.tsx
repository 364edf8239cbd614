import { Cell, Column, Row, TableBody, TableHeader, TableView } from '@react-spectrum/s2/TableView';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { ErrorState } from './states';
import type { usePages } from '@/api/pages';
import { lists } from '@/strings/en/lists';

export interface ListColumn<Item> {
  id: string;
  title: string;
  sorts?: boolean;
  minWidth: number;
  width?: `${number}fr`;
  cell: (item: Item) => ReactNode;
}

interface Props<Item> {
  label: string;
  columns: readonly ListColumn<Item>[];
  list: ReturnType<typeof usePages<Item>>;
  nameOf: (item: Item) => string;
  href?: (item: Item) => string;
  /** The ⋮ of a row. */
  renderMenu?: (item: Item) => ReactNode;
  /** As the API has it: `-created_at`. */
  sort?: string;
  onSort?: (sort: string) => void;
  /** Shown where there is nothing. */
  nothing: ReactNode;
  /** What the items are called: `['account', 'accounts']`. */
  words: readonly [string, string];
}

const ACTIONS = 'actions';

/** A list that comes a page at a time, as a table that fills its page; with the count below. */
export function ListTable<Item extends { id: string }>({ label, columns, list, nameOf, href, renderMenu, sort = '', onSort, nothing, words }: Props<Item>) {
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  const shown: ListColumn<Item>[] = renderMenu ? [...columns, { id: ACTIONS, title: lists.actions, minWidth: 56, cell: renderMenu }] : [...columns];
  return (
    <>
      <TableView
        aria-label={label}
        density="compact"
        sortDescriptor={{ column: sort.replace('-', ''), direction: sort.startsWith('-') ? 'descending' : 'ascending' }}
        onSortChange={({ column, direction }) => onSort?.(`${direction === 'descending' ? '-' : ''}${String(column)}`)}
        loadingState={list.isPending ? 'loading' : list.isStale ? 'filtering' : list.isLoadingMore ? 'loadingMore' : 'idle'}
        onLoadMore={list.loadMore}
        styles={style({ width: 'full', flexGrow: 1, minHeight: 320 })}>
        <TableHeader columns={shown}>
          {(column) =>
            column.id === ACTIONS ? (
              <Column id={ACTIONS} width={56} minWidth={56} align="end"><span className="spoken">{lists.actions}</span></Column>
            ) : (
              <Column id={column.id} isRowHeader={column === shown[0]} allowsSorting={column.sorts} minWidth={column.minWidth} defaultWidth={column.width}>
                {column.title}
              </Column>
            )
          }
        </TableHeader>
        <TableBody items={list.items} renderEmptyState={() => nothing}>
          {(item) => (
            <Row id={item.id} textValue={nameOf(item)} href={href?.(item)} columns={shown}>
              {(column) => <Cell align={column.id === ACTIONS ? 'end' : 'start'}>{column.cell(item)}</Cell>}
            </Row>
          )}
        </TableBody>
      </TableView>
      <output className={`tabular ${style({ display: 'block', font: 'ui-sm', color: 'neutral-subdued', margin: 0, marginTop: 8, minHeight: 20 })}`}>
        {!list.isPending && lists.shown(list.items.length, list.hasMore, words[0], words[1])}
      </output>
    </>
  );
}
