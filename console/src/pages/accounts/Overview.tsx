import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import type { Account } from './actions';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { count } from '@/components/format';
import { Code, Facts } from '@/components/Facts';
import { RateLimitsShown } from '@/components/RateLimits';
import { Section } from '@/components/Section';
import { ErrorState, Loading } from '@/components/states';
import { StatusBadge } from '@/components/StatusBadge';
import { Time } from '@/components/Time';
import { accounts as words } from '@/strings/en/accounts';
import { lists } from '@/strings/en/lists';

const quiet = style({ color: 'neutral-subdued' });

export function Properties({ account }: { account: Account }) {
  const may = useMay();
  const { fields } = words;
  const owner = account.owner && (may('claviger:users.read') ? <Link href={`/people/${account.owner.id}`}>{account.owner.name}</Link> : account.owner.name);
  const roles = account.roles.map((role, at) => (
    <span key={role.id}>
      {at > 0 && ', '}
      {may('claviger:roles.read') ? <Link href={`/roles/${role.id}`}>{role.name}</Link> : role.name}
      {!role.available && <span className={quiet}>{` (${lists.roles.unavailable})`}</span>}
    </span>
  ));
  return (
    <Section title={words.properties}>
      <Facts
        facts={[
          { label: fields.username, value: <Code text={account.username} what={fields.username} /> },
          { label: fields.id, value: <Code text={account.id} what={fields.id} /> },
          { label: fields.partner, value: account.partner },
          { label: fields.email, value: account.email },
          { label: fields.owner, value: owner ?? lists.nobody },
          { label: fields.lastUsed, value: account.last_used_at ? <><Time at={account.last_used_at} /> {account.last_used_ip && <span className={quiet}>{lists.history.from(account.last_used_ip)}</span>}</> : words.never },
          { label: lists.roles.label, value: roles.length > 0 ? roles : lists.roles.none, wide: true },
          { label: lists.limits.title, value: <RateLimitsShown limits={account.rate_limits} /> },
          { label: fields.tags, value: account.tags.join(', ') },
          { label: fields.createdAt, value: <Time at={account.created_at} /> },
          { label: fields.createdBy, value: account.created_by.name },
          ...(account.deleted_at ? [{ label: fields.deletedAt, value: <Time at={account.deleted_at} /> }] : []),
        ]}
      />
    </Section>
  );
}

/** Its live keys, the first ten of them. */
export function Keys({ account }: { account: Account }) {
  const keys = useQuery({
    queryKey: ['accounts', 'keys', account.id],
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/service-accounts/{id}/keys', { params: { path: { id: account.id }, query: { limit: 10 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items;
    },
  });
  return (
    <Section
      title={`${words.keys} (${count(account.live_keys)})`}
      actions={<Link href={`/keys?owner=${account.id}&status=all`}>{words.allKeys}</Link>}>
      {keys.isPending && <Loading />}
      {keys.error && <ErrorState error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data?.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{words.noKeys}</p>}
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 12 })}>
        {keys.data?.map((key) => (
          <li key={key.id} className={style({ display: 'flex', alignItems: 'center', gap: 12, minWidth: 0 })}>
            <div className={style({ flexGrow: 1, minWidth: 0, font: 'ui' })}>
              <Link href={`/keys/${key.id}`}><span className="name">{key.name}</span></Link>
              <div className={`tabular ${style({ font: 'code-sm', color: 'neutral-subdued', marginTop: 4 })}`}>{key.display}</div>
            </div>
            <StatusBadge status={key.status} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
