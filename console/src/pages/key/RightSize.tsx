import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Block } from './Block';
import { ifMatch, useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { day, dayOfUtc } from '@/components/format';
import { PlainTable } from '@/components/PlainTable';
import { ErrorState } from '@/components/states';
import { isOver, touches, type KeyRow } from '@/pages/keys/actions';
import { keyPage as words } from '@/strings/en/key';

const code = style({ font: 'code-sm' });
const quiet = style({ font: 'ui', color: 'neutral-subdued', margin: 0 });

function useNarrow(row: KeyRow) {
  return useAction({
    call: (permissions: string[]) => api.PATCH('/v1/keys/{id}', { params: { path: { id: row.id } }, headers: ifMatch(row.version), body: { permissions } }),
    touches,
    done: () => words.narrowed(row.name),
  });
}

/** Which of its permissions the key has needed; one press leaves it those. */
export function RightSize({ row }: { row: KeyRow }) {
  const may = useMay();
  const narrow = useNarrow(row);
  const { data, error, refetch } = query.useQuery('get', '/v1/keys/{id}/right-size', { params: { path: { id: row.id } } });
  if (error) return <Block title={words.needed}><ErrorState error={error} retry={() => void refetch()} /></Block>;
  if (!data || data.permissions.length === 0) return null;
  const suggestion = data.suggestion;
  const nothing = data.permissions.every((one) => one.permissions.length === 0);
  return (
    <Block title={words.needed} lead={words.neededLead(day(data.since))}>
      {nothing ? (
        <p className={quiet}>{words.neededNothing}</p>
      ) : (
        <PlainTable
          label={words.needed}
          head={[words.permission, words.neededOf]}
          rows={data.permissions.map((one) => ({
            id: one.pattern,
            cells: [
              <code key="code" className={code}>{one.pattern}</code>,
              one.needed === null ? (
                words.unrecorded
              ) : one.permissions.length === 0 ? (
                words.notNeeded
              ) : (
                <span key="needed">{one.permissions.map((needed) => <div key={needed.permission}><code className={code}>{needed.permission}</code> · {words.neededUntil(dayOfUtc(needed.last_day))}</div>)}</span>
              ),
            ],
          }))}
        />
      )}
      {data.untold_until && <p className={quiet}>{words.untold(dayOfUtc(data.untold_until))}</p>}
      {suggestion && may('claviger:keys.update') && !isOver(row) && (
        <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 12 })}>
          <Button variant="secondary" isPending={narrow.isRunning} onPress={() => narrow.run(suggestion)}>{words.narrow}</Button>
          <span className={quiet}>{suggestion.length === 0 ? words.narrowToNothing : <>{words.narrowTo} <code className={code}>{suggestion.join(', ')}</code></>}</span>
        </div>
      )}
    </Block>
  );
}
