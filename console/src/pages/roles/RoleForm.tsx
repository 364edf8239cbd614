import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { touches } from './actions';
import { CanCannot } from './CanCannot';
import { groups } from './catalogue';
import { isPattern } from './patterns';
import { PermissionChooser } from './PermissionChooser';
import { ifMatch, useAction } from '@/api/action';
import { api } from '@/api/client';
import { catalogueOptions, type Role } from '@/api/roles';
import { FormDialog } from '@/components/FormDialog';
import { common } from '@/strings/en/common';
import { roles as words } from '@/strings/en/roles';

const { fields } = words;
const NONE = 'none';

interface Props {
  role?: Role;
  /** Begins a new one as a copy. */
  from?: Role;
  onDone?: (role: Role) => void;
  onClose: () => void;
}

/** Makes a role or changes one, and says meanwhile what its holders could and could not do. */
export function RoleForm({ role, from, onDone, onClose }: Props) {
  const begin = role ?? from;
  const catalogue = useQuery(catalogueOptions);
  const [name, setName] = useState(role?.name ?? (from ? words.copyName(from.name) : ''));
  const [description, setDescription] = useState(begin?.description ?? '');
  const [patterns, setPatterns] = useState<string[]>(begin?.permissions ?? []);
  const [level, setLevel] = useState(begin?.level ?? false);
  const [belongsTo, setBelongsTo] = useState<string>(begin?.api?.slug ?? NONE);
  const known = catalogue.data ? groups(catalogue.data, begin?.permissions) : [];
  const action = useAction({
    saysFaults: true,
    call: () => {
      const body = { name, description, permissions: patterns, level, api: belongsTo === NONE ? null : belongsTo };
      if (!role) return api.POST('/v1/roles', { body });
      return api.PATCH('/v1/roles/{id}', { params: { path: { id: role.id } }, headers: ifMatch(role.version), body });
    },
    touches,
    done: role ? words.saved(name) : words.created(name),
    onDone: (made) => {
      onClose();
      onDone?.(made);
    },
  });
  const holders = role && Object.values(role.holders).some((n) => n > 0) ? words.heldBy(role.holders.users, role.holders.service_accounts, role.holders.keys) : undefined;
  return (
    <FormDialog
      title={role ? words.editTitle(role.name) : words.createTitle}
      submit={role ? common.save : words.createNow}
      size="XL"
      action={action}
      fields={['name', 'description', 'api']}
      isReady={patterns.every(isPattern)}
      onSubmit={() => action.run(undefined)}
      onClose={onClose}>
      {holders && <p className={style({ font: 'ui', margin: 0 })}>{words.editHeld(holders)}</p>}
      <div className={style({ display: 'grid', gap: 24, gridTemplateColumns: { default: ['minmax(0, 1fr)'], lg: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] } })}>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, minWidth: 0 })}>
          <TextField label={fields.name} name="name" isRequired autoFocus maxLength={200} value={name} onChange={setName} autoComplete="off" />
          <TextField label={fields.description} name="description" maxLength={2000} value={description} onChange={setDescription} autoComplete="off" />
          <Checkbox isSelected={level} onChange={setLevel}>
            <span>
              {fields.level}
              <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{fields.levelHelp}</span>
            </span>
          </Checkbox>
          <Picker
            label={fields.api}
            description={fields.apiHelp}
            name="api"
            items={[{ slug: NONE, name: fields.apiNone }, ...(catalogue.data?.apis ?? []).map((one) => ({ slug: one.slug, name: one.name }))]}
            value={belongsTo}
            onChange={(slug) => setBelongsTo(String(slug))}
            styles={style({ width: 'full' })}>
            {(one) => <PickerItem id={one.slug}>{one.name}</PickerItem>}
          </Picker>
          {catalogue.data && <PermissionChooser groups={known} value={patterns} onChange={setPatterns} />}
        </div>
        <section aria-label={words.preview} className={style({ padding: 16, borderRadius: 'lg', backgroundColor: 'gray-75', alignSelf: 'start', position: { default: 'static', lg: 'sticky' }, top: 0 })}>
          <CanCannot groups={known} patterns={patterns.filter(isPattern)} />
        </section>
      </div>
    </FormDialog>
  );
}
