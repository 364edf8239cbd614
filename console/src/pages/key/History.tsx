import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { changesOf } from './changes';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { keyPage as words } from '@/strings/en/key';

type Event = components['schemas']['AuditRecord'];

const quiet = style({ font: 'ui-sm', color: 'neutral-subdued' });
const value = style({ font: 'code-sm', wordBreak: 'break-all' });

function Differences({ event }: { event: Event }) {
  const rows = changesOf(event.changes);
  if (rows.length === 0) return null;
  return (
    <dl className={style({ margin: 0, marginTop: 8, display: 'grid', gridTemplateColumns: { default: ['1fr'], sm: [152, 'minmax(0, 1fr)'] }, columnGap: 16, rowGap: 4 })}>
      {rows.map((one) => (
        <div key={one.field} className={style({ display: 'contents' })}>
          <dt className={quiet}>{one.field.replaceAll('_', ' ')}</dt>
          <dd className={`name ${style({ margin: 0, minWidth: 0 })}`}>
            {one.before !== undefined && (
              <>
                <del className={`${value} ${style({ color: 'neutral-subdued' })}`}><span className="spoken">{words.before} </span>{one.before}</del>
                <span aria-hidden="true"> → </span>
              </>
            )}
            <ins className={`${value} ${style({ textDecoration: 'none' })}`}><span className="spoken">{words.after} </span>{one.after ?? words.none}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Who did what with a key, newest first, and what it changed. */
export default function History({ id }: { id: string }) {
  const list = usePages<Event>(['key-events', id], ({ cursor, signal }) => api.GET('/v1/keys/{id}/events', { params: { path: { id }, query: { limit: 30, cursor } }, signal }));
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  if (list.isPending) return <Loading />;
  if (list.items.length === 0) return <EmptyState title={words.noHistory} />;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, alignItems: 'start', maxWidth: 896 })}>
      <ol aria-label={words.history} className={style({ listStyleType: 'none', margin: 0, padding: 0, width: 'full' })}>
        {list.items.map((event) => (
          <li key={event.seq} className={style({ paddingY: 16, borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200' })}>
            <div className={style({ font: 'ui', display: 'flex', flexWrap: 'wrap', columnGap: 8 })}>
              <span><strong className="name">{event.actor.name}</strong> {words.did[event.action] ?? event.action}</span>
              <span className={quiet}><Time at={event.at} />{event.ip && ` ${words.from(event.ip)}`}</span>
            </div>
            <Differences event={event} />
          </li>
        ))}
      </ol>
      {list.hasMore && <Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{words.more}</Button>}
    </div>
  );
}
