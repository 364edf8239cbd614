import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import type { Person } from './touches';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { lists } from '@/strings/en/lists';
import { people as words } from '@/strings/en/people';

const bare = style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 12, font: 'ui' });
const quiet = style({ font: 'ui-sm', color: 'neutral-subdued' });

/** Where somebody is signed in. */
export function PersonSessions({ person }: { person: Person }) {
  const found = query.useQuery('get', '/v1/users/{id}/sessions', { params: { path: { id: person.id } } });
  return (
    <Section title={words.sessions}>
      {found.isPending && <Loading />}
      {found.error && <ErrorState error={found.error} retry={() => void found.refetch()} />}
      {found.data?.items.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.noSessions}</p>}
      <ul className={bare}>
        {found.data?.items.map((session) => (
          <li key={session.id}>
            <span className="name">{session.agent || words.unknownAgent}</span>
            {session.current && ` · ${words.here}`}
            <div className={quiet}>
              {[words.methods[session.method] ?? session.method, session.ip && lists.history.from(session.ip), words.seen].filter(Boolean).join(' · ')} <Time plain at={session.seen_at} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The service accounts and keys that somebody answers for, the first of them. */
export function Owns({ person }: { person: Person }) {
  const may = useMay();
  const sees = { accounts: may('claviger:accounts.read'), keys: may('claviger:keys.read') };
  const { data } = useQuery({
    queryKey: ['users', 'owns', person.id, sees],
    queryFn: async ({ signal }) => {
      const asked = { owner: person.id, limit: 20 };
      const [accounts, keys] = await Promise.all([
        sees.accounts ? api.GET('/v1/service-accounts', { params: { query: asked }, signal }) : undefined,
        sees.keys ? api.GET('/v1/keys', { params: { query: asked }, signal }) : undefined,
      ]);
      return [
        { title: words.ownsAccounts, items: (accounts?.data?.items ?? []).map((one) => ({ name: one.name, href: `/service-accounts/${one.id}` })) },
        { title: words.ownsKeys, items: (keys?.data?.items ?? []).map((one) => ({ name: one.name, href: `/keys/${one.id}` })) },
      ].filter((group) => group.items.length > 0);
    },
  });
  return (
    <Section title={words.owns}>
      {data?.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.ownsNothing}</p>}
      {data?.map((group) => (
        <div key={group.title}>
          <h3 className={style({ font: 'title-sm', margin: 0, marginBottom: 8 })}>{group.title}</h3>
          <ul className={bare}>
            {group.items.map((one) => <li key={one.href}><Link href={one.href}><span className="name">{one.name}</span></Link></li>)}
          </ul>
        </div>
      ))}
    </Section>
  );
}
