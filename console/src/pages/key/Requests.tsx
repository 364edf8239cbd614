import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { EmptyState, ErrorState, Loading } from '@/components/states';
import { PlainTable } from '@/components/PlainTable';
import { Time } from '@/components/Time';
import { keyPage as words } from '@/strings/en/key';
import { usage } from '@/strings/en/usage';

/** The latest requests with a key: when, from where, and what they were answered. */
export default function Requests({ id }: { id: string }) {
  const list = usePages<components['schemas']['KeyRequest']>(['keys', 'requests', id], ({ cursor, signal }) =>
    api.GET('/v1/keys/{id}/requests', { params: { path: { id }, query: { limit: 50, cursor } }, signal }),
  );
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  if (list.isPending) return <Loading />;
  if (list.items.length === 0) return <EmptyState title={words.noRequests}>{words.noRequestsText}</EmptyState>;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, alignItems: 'start' })}>
      <div className={style({ width: 'full' })}>
        <PlainTable
          label={words.tabs.requests}
          head={[words.when, words.code, words.ip, words.source]}
          rows={list.items.map((one) => ({
            id: one.id,
            cells: [
              <Time key="at" at={one.at} />,
              <span key="code" className={style({ display: 'inline-flex', whiteSpace: 'nowrap' })}><Badge variant={one.code === 'VALID' ? 'positive' : 'negative'} fillStyle="subtle" size="S">{usage.codes[one.code] ?? one.code}</Badge></span>,
              <span key="ip" className="tabular">{one.ip ?? words.none}</span>,
              <code key="source" className={style({ font: 'code-sm' })}>{one.source ?? words.none}</code>,
            ],
          }))}
        />
      </div>
      {list.hasMore && <Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{words.more}</Button>}
    </div>
  );
}
