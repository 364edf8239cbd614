import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { Person } from './touches';
import type { ListColumn } from '@/components/ListTable';
import { Names } from '@/components/Names';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { people as words } from '@/strings/en/people';

const quiet = style({ color: 'neutral-subdued' });

export const columns: readonly ListColumn<Person>[] = [
  {
    id: 'name',
    title: words.columns.name,
    sorts: true,
    minWidth: 170,
    width: '2fr',
    cell: (one) => (
      <span className={`name ${style({ fontWeight: 'medium' })}`}>
        {one.name}
        {one.operator && <span className={quiet}>{` · ${words.operator}`}</span>}
      </span>
    ),
  },
  { id: 'email', title: words.columns.email, sorts: true, minWidth: 190, width: '2fr', cell: (one) => <span className="name">{one.email}</span> },
  { id: 'status', title: words.columns.status, minWidth: 104, width: '1fr', cell: (one) => <StatusBadge status={one.status} /> },
  { id: 'roles', title: words.columns.roles, minWidth: 130, width: '1.5fr', cell: (one) => <Names names={one.roles.map((role) => role.name)} /> },
  { id: 'factor', title: words.columns.factor, minWidth: 144, width: '1fr', cell: (one) => (one.second_factor ? words.on : <span className={quiet}>{words.off}</span>) },
  {
    id: 'last_sign_in_at',
    title: words.columns.last_sign_in_at,
    sorts: true,
    minWidth: 120,
    width: '1fr',
    cell: (one) => (one.last_sign_in_at ? <Time plain at={one.last_sign_in_at} /> : <span className={quiet}>{words.never}</span>),
  },
];
