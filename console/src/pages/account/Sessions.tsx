import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { agentName } from './agent';
import { Section } from './Section';
import { useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { account as words } from '@/strings/en/account';
import { common } from '@/strings/en/common';

const touches = [['get', '/v1/sessions']] as const;

/** Where one is signed in; each can be ended. */
export function Sessions() {
  const list = query.useQuery('get', '/v1/sessions');
  const end = useAction({ call: (id: string) => api.DELETE('/v1/sessions/{id}', { params: { path: { id } } }), touches, done: words.ended });
  const endOthers = useAction({ call: () => api.DELETE('/v1/sessions'), touches, done: (data) => words.endedOthers(data.ended) });
  const others = list.data?.items.some((one) => !one.current);
  return (
    <Section
      title={words.sessions}
      lead={words.sessionsLead}
      actions={others && <Button variant="secondary" isPending={endOthers.isRunning} onPress={() => endOthers.run(undefined)}>{words.endOthers}</Button>}>
      {list.isPending && <Loading />}
      {list.error && <ErrorState error={list.error} retry={() => void list.refetch()} />}
      <ul aria-label={words.sessions} className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' })}>
        {list.data?.items.map((one) => {
          const name = agentName(one.agent);
          return (
            <li key={one.id} className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 16, rowGap: 8, paddingY: 12, borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-200' })}>
              <div className={style({ flexGrow: 1, flexBasis: 0, minWidth: 224 })}>
                <div className={style({ font: 'ui', fontWeight: 'medium', display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 8 })}>
                  <span className="name" title={one.agent}>{name}</span>
                  {one.current && <Badge variant="positive" size="S" fillStyle="subtle">{words.here}</Badge>}
                </div>
                <div className={style({ font: 'ui', color: 'neutral-subdued' })}>
                  {[one.ip ?? common.unknown, words.methods[one.method] ?? one.method].join(' · ')} · {words.columns.created} <Time at={one.created_at} /> · {words.columns.seen} <Time at={one.seen_at} />
                </div>
              </div>
              {!one.current && <Button variant="secondary" size="S" aria-label={words.endOf(name)} onPress={() => end.run(one.id)}>{words.end}</Button>}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
