import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Badge } from '@react-spectrum/s2/Badge';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { RoleDialog, RoleMenu, type Asked } from './actions';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { Role } from '@/api/roles';
import { ListTable, type ListColumn } from '@/components/ListTable';
import { Names } from '@/components/Names';
import { SearchBox } from '@/components/SearchBox';
import { EmptyState, NothingFound } from '@/components/states';
import { lists } from '@/strings/en/lists';
import { roles as words } from '@/strings/en/roles';

/** The one thing to know of a role: that it grants nothing now, or that it is a level, or whose it is. */
function ShortKind({ role }: { role: Role }) {
  const [text, variant] = !role.available
    ? ([words.unavailable, 'notice'] as const)
    : role.builtin
      ? ([words.builtin, 'neutral'] as const)
      : role.level
        ? ([words.level, 'purple'] as const)
        : ([words.own, 'informative'] as const);
  return <Badge size="S" fillStyle="subtle" variant={variant}>{text}</Badge>;
}

/** Where a role comes from, and what is special about it. */
export function Kind({ role }: { role: Role }) {
  return (
    <span className={style({ display: 'inline-flex', gap: 4, verticalAlign: 'middle' })}>
      <Badge size="S" fillStyle="subtle" variant={role.builtin ? 'neutral' : 'informative'}>{role.builtin ? words.builtin : words.own}</Badge>
      {role.level && <Badge size="S" fillStyle="subtle" variant="purple">{words.level}</Badge>}
      {!role.available && <Badge size="S" fillStyle="subtle" variant="notice">{words.unavailable}</Badge>}
    </span>
  );
}

const columns: readonly ListColumn<Role>[] = [
  { id: 'name', title: words.columns.name, sorts: true, minWidth: 160, width: '2fr', cell: (role) => <span className={`name ${style({ fontWeight: 'medium' })}`}>{role.name}</span> },
  { id: 'kind', title: words.columns.kind, minWidth: 136, width: '1fr', cell: (role) => <ShortKind role={role} /> },
  { id: 'permissions', title: words.columns.permissions, minWidth: 180, width: '2fr', cell: (role) => <span className={style({ font: 'code-sm' })}><Names names={role.permissions} /></span> },
  { id: 'holders', title: words.columns.holders, minWidth: 150, width: '1.5fr', cell: (role) => words.heldBy(role.holders.users, role.holders.service_accounts, role.holders.keys) },
  { id: 'description', title: words.columns.description, minWidth: 200, width: '3fr', cell: (role) => <span className={`name ${style({ color: 'neutral-subdued' })}`}>{role.description || '–'}</span> },
];

interface Props {
  q: string;
  sort: string;
  setState: (patch: { q?: string; sort?: string }) => void;
}

export function RoleList({ q, sort, setState }: Props) {
  const list = usePages<Role>(['roles', 'list', q, sort], ({ cursor, signal }) =>
    api.GET('/v1/roles', { params: { query: { q: q || undefined, sort, limit: 100, cursor } }, signal }),
  );
  const [asked, setAsked] = useState<{ what: Asked; role: Role }>();
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', boxSizing: 'border-box', height: '[calc(100vh - 248px)]', minHeight: 400, paddingTop: 20 })}>
      <div className={style({ marginBottom: 12 })}>
        <SearchBox label={words.search} placeholder={words.searchPlaceholder} value={q} onSearch={(text) => setState({ q: text })} />
      </div>
      <ListTable
        label={words.table}
        columns={columns}
        list={list}
        nameOf={(role) => role.name}
        href={(role) => `/roles/${role.id}`}
        renderMenu={(role) => <RoleMenu isRow role={role} onAsk={(what) => setAsked({ what, role })} />}
        sort={sort}
        onSort={(next) => setState({ sort: next })}
        words={words.nouns}
        nothing={
          q ? (
            <NothingFound title={words.nothingTitle} actions={<ActionButton onPress={() => setState({ q: '' })}>{lists.clear}</ActionButton>}>{words.nothing}</NothingFound>
          ) : (
            <EmptyState title={words.emptyTitle} />
          )
        }
      />
      {asked && <RoleDialog asked={asked.what} role={asked.role} onClose={() => setAsked(undefined)} />}
    </div>
  );
}
