import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Text } from '@react-spectrum/s2/Text';
import { Menu, MenuItem, MenuTrigger } from '@react-spectrum/s2/Menu';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import ChevronDown from '@react-spectrum/s2/icons/ChevronDown';
import { useQuery } from '@tanstack/react-query';
import { api } from '@/api/client';
import { actIn } from '@/api/organisation';
import { useSession } from '@/api/session';
import { shell } from '@/strings/en/shell';

/** Where one acts; an operator chooses among all organisations. */
export function OrganisationMenu() {
  const { organisation, home, operator } = useSession();
  const { data } = useQuery({
    queryKey: ['organisations', 'menu'],
    enabled: operator,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/organisations', { params: { query: { sort: 'name', limit: 100 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items;
    },
  });
  if (!operator || !data || data.length < 2) {
    return <span className={`name ${style({ font: 'ui', fontWeight: 'medium', truncate: true })}`}>{organisation.name}</span>;
  }
  return (
    <MenuTrigger>
      <ActionButton isQuiet aria-label={`${shell.organisation.label}: ${organisation.name}`}>
        <Text>
          <span className={`name ${style({ display: 'inline-flex', alignItems: 'center', gap: 8 })}`}>
            {organisation.name}
            <ChevronDown />
          </span>
        </Text>
      </ActionButton>
      <Menu
        aria-label={shell.organisation.label}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[organisation.slug]}
        items={data}
        onSelectionChange={(keys) => {
          const [slug] = keys === 'all' ? [] : keys;
          if (!slug || slug === organisation.slug) return;
          actIn(slug === home.slug ? undefined : String(slug));
          // Nothing of another tenant may stay on the page, nor in memory.
          window.location.assign('/');
        }}>
        {(one) => (
          <MenuItem id={one.slug} textValue={one.name}>
            <Text slot="label">{one.name}</Text>
            <Text slot="description">{one.slug}</Text>
          </MenuItem>
        )}
      </Menu>
    </MenuTrigger>
  );
}
