import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { differences } from './differences';
import { Section } from './Section';
import { ErrorState, Loading } from './states';
import { Time } from './Time';
import type { usePages } from '@/api/pages';
import { useRoles } from '@/api/roles';
import type { components } from '@/api/schema';
import { lists } from '@/strings/en/lists';

type AuditRecord = components['schemas']['AuditRecord'];

const words = lists.history;
const quiet = style({ color: 'neutral-subdued' });

function Changes({ changes, names }: { changes: unknown; names: ReadonlyMap<string, string> }) {
  const rows = differences(changes, names);
  if (rows.length === 0) return null;
  return (
    <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 4, font: 'ui-sm' })}>
      {rows.map((row) => (
        <li key={row.field} className="name">
          <span className={quiet}>{row.field}: </span>
          {row.before !== undefined && (
            <>
              <span className="spoken">{words.before} </span>
              <del className={quiet}>{row.before}</del>
              {' → '}
            </>
          )}
          {row.after !== undefined && (
            <>
              <span className="spoken">{words.after} </span>
              <ins className={style({ textDecoration: 'none' })}>{row.after}</ins>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Who changed what of a thing, youngest first, each with its differences. */
export function History({ records }: { records: ReturnType<typeof usePages<AuditRecord>> }) {
  const names = new Map(useRoles().map((role) => [role.id as string, role.name]));
  return (
    <Section title={words.title}>
      {records.isPending && <Loading />}
      {records.error && <ErrorState error={records.error} retry={records.refetch} />}
      {!records.isPending && !records.error && records.items.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.empty}</p>}
      <ol className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 16 })}>
        {records.items.map((record) => (
          <li key={record.seq} className={style({ display: 'flex', flexDirection: 'column', gap: 4, borderStyle: 'solid', borderWidth: 0, borderStartWidth: 2, borderColor: 'gray-200', paddingStart: 12 })}>
            <span className={`name ${style({ font: 'ui' })}`}>
              <strong className={style({ fontWeight: 'medium' })}>{record.action}</strong>
              <span className={quiet}>
                {` ${words.by(record.actor.name)}${record.ip ? ` ${words.from(record.ip)}` : ''} · `}
                <Time plain at={record.at} />
              </span>
            </span>
            <Changes changes={record.changes} names={names} />
          </li>
        ))}
      </ol>
      {records.hasMore && (
        <div><Button variant="secondary" isPending={records.isLoadingMore} onPress={records.loadMore}>{lists.more}</Button></div>
      )}
    </Section>
  );
}
