import { Button } from '@react-spectrum/s2/Button';
import { Link } from '@react-spectrum/s2/Link';
import { Cell, Column, Row, TableBody, TableHeader, TableView } from '@react-spectrum/s2/TableView';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import type { Account } from './actions';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { accounts as words } from '@/strings/en/accounts';
import { lists } from '@/strings/en/lists';
import { usage as outcomes } from '@/strings/en/usage';

type KeyRequest = components['schemas']['KeyRequest'];

const quiet = style({ color: 'neutral-subdued' });

/** The names of its keys, of those that were ended too. */
function useKeyNames(id: string): ReadonlyMap<string, string> {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ['accounts', 'key-names', id],
    enabled: may('claviger:keys.read'),
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/service-accounts/{id}/keys', { params: { path: { id }, query: { status: 'all', limit: 500 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items.map((key) => [key.id, key.name] as const);
    },
  });
  return new Map(data);
}

/** What was lately asked with its keys. */
export function Requests({ account }: { account: Account }) {
  const names = useKeyNames(account.id);
  const list = usePages<KeyRequest>(['accounts', 'requests', account.id], ({ cursor, signal }) =>
    api.GET('/v1/service-accounts/{id}/requests', { params: { path: { id: account.id }, query: { limit: 50, cursor } }, signal }),
  );
  if (list.isPending) return <Loading />;
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  const { requests } = words;
  return (
    <Section title={requests.title} lead={requests.lead}>
      {list.items.length === 0 ? (
        <p className={style({ font: 'ui', margin: 0 })}>{requests.none}</p>
      ) : (
        <TableView aria-label={requests.title} density="compact" isQuiet styles={style({ width: 'full' })}>
          <TableHeader>
            <Column id="at" isRowHeader minWidth={96} defaultWidth="1fr">{requests.at}</Column>
            <Column id="outcome" minWidth={144} defaultWidth="1.5fr">{requests.outcome}</Column>
            <Column id="key" minWidth={144} defaultWidth="2fr">{requests.key}</Column>
            <Column id="source" minWidth={128} defaultWidth="1fr">{requests.source}</Column>
            <Column id="ip" minWidth={120} defaultWidth="1fr">{requests.ip}</Column>
          </TableHeader>
          <TableBody items={list.items} dependencies={[names.size]}>
            {(one) => (
              <Row id={one.id}>
                <Cell><Time plain at={one.at} /></Cell>
                <Cell>
                  <span className={style({ color: { default: 'negative', isAccepted: 'neutral' } })({ isAccepted: one.code === 'VALID' })}>{outcomes.codes[one.code] ?? one.code}</span>
                </Cell>
                <Cell>{names.has(one.key_id) ? <Link href={`/keys/${one.key_id}`}><span className="name">{names.get(one.key_id)}</span></Link> : <span className={quiet}>{one.key_id}</span>}</Cell>
                <Cell><span className={style({ font: 'code-sm' })}>{one.source ?? '–'}</span></Cell>
                <Cell><span className="tabular">{one.ip ?? '–'}</span></Cell>
              </Row>
            )}
          </TableBody>
        </TableView>
      )}
      {list.hasMore && <div><Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{lists.more}</Button></div>}
    </Section>
  );
}
