import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Text } from '@react-spectrum/s2/Text';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import type { Organisation } from './actions';
import { ifMatch, useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { FormDialog } from '@/components/FormDialog';
import { RateLimitsField, type EditedLimit } from '@/components/RateLimits';
import { common } from '@/strings/en/common';
import { organisations as words } from '@/strings/en/organisations';

const touches = [['organisations'], ['session']] as const;
const { fields } = words;

/** Makes an organisation with the policy of a preset. */
export function NewOrganisationForm({ onDone, onClose }: { onDone: (made: Organisation) => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const [slug, setSlug] = useState('');
  const [preset, setPreset] = useState('default');
  const presets = query.useQuery('get', '/v1/policy/presets');
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/organisations', { body: { name, slug: slug || null, preset } }),
    touches,
    onDone: (made) => {
      onClose();
      onDone(made);
    },
  });
  return (
    <FormDialog title={words.createTitle} submit={words.createNow} size="M" action={action} fields={['name', 'slug', 'preset']} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <TextField label={fields.name} name="name" isRequired autoFocus maxLength={200} value={name} onChange={setName} autoComplete="off" />
      <TextField label={fields.slug} description={fields.slugHelp} name="slug" maxLength={40} value={slug} onChange={setSlug} autoComplete="off" spellCheck="false" />
      <Picker label={fields.preset} description={fields.presetHelp} name="preset" items={presets.data?.items ?? []} value={preset} onChange={(key) => setPreset(String(key))} styles={style({ width: 'full' })}>
        {(one) => (
          <PickerItem id={one.name} textValue={one.title} aria-label={one.title}>
            <Text slot="label">{one.title}</Text>
            <Text slot="description">{one.about}</Text>
          </PickerItem>
        )}
      </Picker>
    </FormDialog>
  );
}

/** Renames an organisation, and limits its keys. */
export function OrganisationForm({ of, onClose }: { of: Organisation; onClose: () => void }) {
  const [name, setName] = useState(of.name);
  const [limits, setLimits] = useState<EditedLimit[]>(of.rate_limits);
  const action = useAction({
    saysFaults: true,
    call: () => api.PATCH('/v1/organisations/{id}', { params: { path: { id: of.id } }, headers: ifMatch(of.version), body: { name, rate_limits: limits } }),
    touches,
    done: words.saved(name),
    onDone: onClose,
  });
  return (
    <FormDialog title={words.editTitle(of.name)} submit={common.save} size="M" action={action} fields={['name']} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <TextField label={fields.name} name="name" isRequired autoFocus maxLength={200} value={name} onChange={setName} autoComplete="off" />
      <RateLimitsField value={limits} onChange={setLimits} />
      <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{fields.limits}</span>
    </FormDialog>
  );
}
