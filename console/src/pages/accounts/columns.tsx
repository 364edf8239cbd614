import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { Account } from './actions';
import { count } from '@/components/format';
import type { ListColumn } from '@/components/ListTable';
import { Names } from '@/components/Names';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { accounts as words } from '@/strings/en/accounts';

const quiet = style({ color: 'neutral-subdued' });

export const columns: readonly ListColumn<Account>[] = [
  { id: 'name', title: words.columns.name, sorts: true, minWidth: 160, width: '2fr', cell: (one) => <span className={`name ${style({ fontWeight: 'medium' })}`}>{one.name}</span> },
  { id: 'username', title: words.columns.username, minWidth: 140, width: '2fr', cell: (one) => <span className={`name ${style({ font: 'code-sm' })}`}>{one.username}</span> },
  { id: 'partner', title: words.columns.partner, sorts: true, minWidth: 120, width: '1.5fr', cell: (one) => (one.partner ? <span className="name">{one.partner}</span> : <span className={quiet}>–</span>) },
  { id: 'status', title: words.columns.status, minWidth: 104, width: '1fr', cell: (one) => <StatusBadge status={one.status} /> },
  { id: 'roles', title: words.columns.roles, minWidth: 150, width: '2fr', cell: (one) => <Names names={one.roles.map((role) => role.name)} /> },
  { id: 'live_keys', title: words.columns.live_keys, minWidth: 104, width: '1fr', cell: (one) => <span className="tabular">{count(one.live_keys)}</span> },
  {
    id: 'last_used_at',
    title: words.columns.last_used_at,
    minWidth: 116,
    width: '1fr',
    cell: (one) => (one.last_used_at ? <Time plain at={one.last_used_at} /> : <span className={quiet}>{words.never}</span>),
  },
];
