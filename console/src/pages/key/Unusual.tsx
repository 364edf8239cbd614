import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Note } from './Banner';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { instant, relative } from '@/components/format';
import { touches, type KeyRow } from '@/pages/keys/actions';
import { keyPage } from '@/strings/en/key';

const words = keyPage.unusual;

/** What was seen, in words. */
function evidence(anomaly: components['schemas']['Anomaly']): string {
  switch (anomaly.kind) {
    case 'new_network': return words.new_network(anomaly.network, relative(anomaly.at), anomaly.networks_before);
    case 'volume_jump': return words.volume_jump(anomaly.requests, instant(anomaly.hour), anomaly.busiest_before);
    case 'failures_jump': return words.failures_jump(anomaly.refused, instant(anomaly.hour), anomaly.worst_before);
    case 'dormant_use': return words.dormant_use(relative(anomaly.at), instant(anomaly.last_used_before));
    case 'use_after_revoke': return words.use_after_revoke(anomaly.requests, instant(anomaly.hour), instant(anomaly.ended_at));
    case 'retiring_in_use': return words.retiring_in_use(relative(anomaly.at), anomaly.ip, relative(anomaly.ends_at));
  }
}

/** Uses that are unlike the key, with what helps, until somebody says that they are known. */
export function Unusual({ row }: { row: KeyRow }) {
  const may = useMay();
  const { data } = query.useQuery('get', '/v1/keys/{id}/anomalies', { params: { path: { id: row.id } } });
  const known = useAction({
    call: () => api.DELETE('/v1/keys/{id}/anomalies', { params: { path: { id: row.id } } }),
    touches,
    done: words.done(row.name),
  });
  if (!data || data.items.length === 0) return null;
  return (
    <Note variant="notice" title={words.title}>
      <ul className={style({ margin: 0, paddingStart: 0, listStyleType: 'none', display: 'flex', flexDirection: 'column', gap: 8 })}>
        {data.items.map(({ anomaly }) => (
          <li key={anomaly.kind}>
            <div>{evidence(anomaly)}</div>
            <div className={style({ color: 'neutral-subdued' })}>{words.helps[anomaly.kind]}</div>
          </li>
        ))}
      </ul>
      {may('claviger:keys.update') && (
        <div className={style({ marginTop: 12 })}>
          <Button variant="secondary" size="S" isPending={known.isRunning} onPress={() => known.run(undefined)}>{words.known}</Button>
        </div>
      )}
    </Note>
  );
}
