import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRoles } from '@/api/roles';
import { lists } from '@/strings/en/lists';

const words = lists.roles;

/** Some of the organisation's roles, by id. */
export function RolesField({ value, onChange, description }: { value: readonly string[]; onChange: (ids: string[]) => void; description?: string }) {
  const roles = useRoles();
  return (
    <Picker
      label={words.label}
      name="roles"
      selectionMode="multiple"
      placeholder={words.none}
      description={description}
      items={roles}
      value={[...value]}
      onChange={(ids) => onChange(ids.map(String))}
      renderValue={(chosen) => <span className="name">{chosen.map((role) => role.name).join(', ')}</span>}
      styles={style({ width: 'full' })}>
      {(role) => (
        <PickerItem id={role.id} textValue={role.name} aria-label={role.name}>
          <Text slot="label">{role.name}</Text>
          {(role.description || !role.available) && <Text slot="description">{role.available ? role.description : words.unavailable}</Text>}
        </PickerItem>
      )}
    </Picker>
  );
}
