import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { api } from '@/api/client';
import type { Role } from '@/api/roles';
import { useMay } from '@/api/session';
import { Section } from '@/components/Section';
import { roles as words } from '@/strings/en/roles';

const LIMIT = 20;
const page = words.rolePage;

function useHolders(role: Role) {
  const may = useMay();
  const sees = { users: may('claviger:users.read'), accounts: may('claviger:accounts.read'), keys: may('claviger:keys.read') };
  const query = { role: role.id, limit: LIMIT };
  return useQuery({
    queryKey: ['roles', 'held', role.id, sees],
    queryFn: async ({ signal }) => {
      const [users, accounts, keys] = await Promise.all([
        sees.users && role.holders.users > 0 ? api.GET('/v1/users', { params: { query }, signal }) : undefined,
        sees.accounts && role.holders.service_accounts > 0 ? api.GET('/v1/service-accounts', { params: { query }, signal }) : undefined,
        sees.keys && role.holders.keys > 0 ? api.GET('/v1/keys', { params: { query }, signal }) : undefined,
      ]);
      return [
        { title: page.people, all: undefined, items: (users?.data?.items ?? []).map((one) => ({ name: one.name, href: `/people/${one.id}` })) },
        { title: page.accounts, all: `/service-accounts?role=${role.id}`, items: (accounts?.data?.items ?? []).map((one) => ({ name: one.name, href: `/service-accounts/${one.id}` })) },
        { title: page.keys, all: undefined, items: (keys?.data?.items ?? []).map((one) => ({ name: one.name, href: `/keys/${one.id}` })) },
      ];
    },
  });
}

/** Who holds a role, the first of each kind. */
export function Held({ role }: { role: Role }) {
  const { data } = useHolders(role);
  const some = data?.filter((group) => group.items.length > 0) ?? [];
  return (
    <Section title={page.holders}>
      {data && some.length === 0 && <p className={style({ font: 'ui', margin: 0 })}>{page.none}</p>}
      {some.map((group) => (
        <div key={group.title}>
          <h3 className={style({ font: 'title-sm', margin: 0, marginBottom: 8 })}>{group.all ? <Link href={group.all}>{group.title}</Link> : group.title}</h3>
          <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 4, font: 'ui' })}>
            {group.items.map((one) => <li key={one.href}><Link href={one.href}><span className="name">{one.name}</span></Link></li>)}
          </ul>
        </div>
      ))}
    </Section>
  );
}
