// The columns of the keys table: what each shows, and what the server sorts by.
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import type { components } from '@/api/schema';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { Sparkline } from '@/components/usage/Sparkline';
import { keys as words } from '@/strings/en/keys';

export type Key = components['schemas']['Key'];
export type ColumnName = keyof typeof words.columns;

export interface KeyColumn {
  name: ColumnName;
  sorts?: boolean;
  /** Shown when nobody chose. */
  usual: boolean;
  minWidth: number;
  width?: `${number}fr`;
  cell: (key: Key) => ReactNode;
}

const sum = (days: readonly number[]) => days.reduce((all, one) => all + one, 0);

const quiet = style({ color: 'neutral-subdued' });
const code = style({ font: 'code-sm' });

function names(texts: readonly string[]): ReactNode {
  const [first, ...rest] = texts;
  if (!first) return <span className={quiet}>–</span>;
  return (
    <span title={texts.join(', ')}>
      {first}
      {rest.length > 0 && <span className={quiet}>{` +${rest.length}`}</span>}
    </span>
  );
}

const columns: readonly KeyColumn[] = [
  {
    name: 'name',
    sorts: true,
    usual: true,
    minWidth: 150,
    width: '3fr',
    cell: (key) => (
      <span className={`name ${style({ fontWeight: 'medium' })}`}>
        {key.name}
        {key.protected && <span className={quiet}>{` · ${words.protected}`}</span>}
      </span>
    ),
  },
  { name: 'status', usual: true, minWidth: 108, width: '1fr', cell: (key) => <StatusBadge status={key.status} /> },
  {
    name: 'owner',
    usual: true,
    minWidth: 116,
    width: '2fr',
    cell: (key) => (key.owner.type === 'organisation' ? <span className={quiet}>{words.organisationItself}</span> : <span className="name">{key.owner.name}</span>),
  },
  { name: 'display', usual: true, minWidth: 178, width: '1.5fr', cell: (key) => <span className={code}>{key.display}</span> },
  { name: 'permissions', usual: false, minWidth: 180, width: '2fr', cell: (key) => names([...key.roles.map((role) => role.name), ...key.permissions]) },
  { name: 'created_by', sorts: true, usual: false, minWidth: 150, width: '1.5fr', cell: (key) => <span className="name">{key.created_by.name}</span> },
  { name: 'created_at', sorts: true, usual: true, minWidth: 104, width: '1fr', cell: (key) => <Time plain at={key.created_at} /> },
  {
    name: 'expires_at',
    sorts: true,
    usual: true,
    minWidth: 104,
    width: '1fr',
    cell: (key) => (key.expires_at ? <Time plain at={key.expires_at} /> : <span className={quiet}>{words.neverExpires}</span>),
  },
  {
    name: 'last_used_at',
    sorts: true,
    usual: true,
    minWidth: 108,
    width: '1fr',
    cell: (key) => (key.last_used_at ? <Time plain at={key.last_used_at} /> : <span className={quiet}>{words.neverUsed}</span>),
  },
  {
    name: 'usage',
    usual: true,
    minWidth: 116,
    width: '1fr',
    cell: ({ usage }) => usage && <Sparkline admitted={usage.admitted} refused={usage.refused} told={words.usage(sum(usage.admitted), sum(usage.refused))} />,
  },
  { name: 'tags', usual: false, minWidth: 140, width: '1fr', cell: (key) => names(key.tags) },
];

/** The columns that there are for whoever may read usage, or may not. */
export function offered(watches: boolean): readonly KeyColumn[] {
  return columns.filter((column) => watches || column.name !== 'usage');
}

/** The columns that an address names, `name,status`; the usual ones where it names none. */
export function chosen(text: string, from: readonly KeyColumn[]): KeyColumn[] {
  const asked = text.split(',');
  const found = from.filter((column) => asked.includes(column.name));
  const [first] = from;
  // The name stays: a row that is called nothing cannot be told from another.
  return found.length > 0 && first ? [first, ...found.filter((column) => column !== first)] : from.filter((column) => column.usual);
}
