import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Checkbox, CheckboxGroup } from '@react-spectrum/s2/CheckboxGroup';
import { Form } from '@react-spectrum/s2/Form';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { Switch } from '@react-spectrum/s2/Switch';
import { Text } from '@react-spectrum/s2/Text';
import { TextArea } from '@react-spectrum/s2/TextArea';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState, type ReactNode } from 'react';
import { useChoice, useOffers } from './choice';
import { faultsOf, isGeneric, type Draft, type Field, type PolicyForm } from './draft';
import { ExpiryField } from './ExpiryField';
import { OwnerField } from './OwnerField';
import { PermissionFields } from './PermissionFields';
import { Preview } from './Preview';
import { QuotaFields } from './QuotaFields';
import type { components } from '@/api/schema';
import { FormProblem } from '@/components/FormProblem';
import { RateLimitsField } from '@/components/RateLimits';
import { common } from '@/strings/en/common';
import { keyForm as words } from '@/strings/en/keyForm';

const quiet = style({ font: 'ui', color: 'neutral-subdued', margin: 0 });

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={style({ display: 'flex', flexDirection: 'column', gap: 20, paddingY: 24, borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-200' })}>
      <h2 className={style({ font: 'title-lg', margin: 0 })}>{title}</h2>
      {children}
    </section>
  );
}

interface Props {
  form: PolicyForm;
  start: Draft;
  /** The key that is edited. */
  edits?: components['schemas']['Key'];
  submit: string;
  isRunning: boolean;
  error: unknown;
  faults: Record<string, string>;
  onSubmit: (draft: Draft) => void;
  onCancel: () => void;
}

/** A key's form: the name, and whatever else the policy leaves open. */
export function KeyForm({ form, start, edits, submit, isRunning, error, faults, onSubmit, onCancel }: Props) {
  const [draft, setDraft] = useState(start);
  const [own, setOwn] = useState<Record<string, string>>({});
  const offers = useOffers();
  const choice = useChoice(draft, offers);
  const set = (patch: Partial<Draft>) => setDraft({ ...draft, ...patch });
  const has = (field: Field) => form.fields.includes(field);
  const wrong = { ...own, ...faults };
  const asksEnd = has('expires_at') && form.expiry.mode !== 'automatic' && form.expiry.mode !== 'never' && (!edits || form.expiry.editable !== false);
  return (
    <Form
      validationErrors={wrong}
      onSubmit={(event) => {
        event.preventDefault();
        const found = faultsOf(draft);
        setOwn(found);
        if (Object.keys(found).length === 0) onSubmit(draft);
      }}
      styles={style({ maxWidth: 704, width: 'full' })}>
      <FormProblem error={error} fields={['name', 'description', 'metadata', 'networks', 'tags', 'contacts']} />
      <Section title={words.sections.what}>
        <TextField
          label={words.name}
          name="name"
          description={isGeneric(draft.name) ? words.nameGeneric : words.nameHelp}
          isRequired
          autoFocus={!edits}
          autoComplete="off"
          maxLength={200}
          value={draft.name}
          onChange={(name) => set({ name })}
        />
        {has('description') && <TextField label={words.description} name="description" value={draft.description} onChange={(description) => set({ description })} />}
        {has('owner') && (
          <OwnerField
            kinds={form.owner_kinds}
            kind={draft.ownerKind}
            owner={draft.owner}
            name={edits && edits.owner.type !== 'organisation' ? edits.owner.name : ''}
            fault={wrong.owner}
            onChange={(ownerKind, owner) => set({ ownerKind, owner })}
          />
        )}
      </Section>
      <Section title={words.sections.may}>
        {form.grants === 'inherit' && <p className={quiet}>{words.inherit}</p>}
        {form.grants === 'levels' && (
          <RadioGroup label={words.level} isRequired value={draft.roles[0] ?? null} onChange={(role) => set({ roles: [role] })}>
            {form.levels.map((level) => (
              <Radio key={level.id} value={level.id}>
                <span className={style({ display: 'flex', flexDirection: 'column' })}>
                  <span className="name">{level.name}</span>
                  <span className={`name ${style({ font: 'ui-sm', color: 'neutral-subdued' })}`}>{level.description}</span>
                </span>
              </Radio>
            ))}
          </RadioGroup>
        )}
        {form.grants === 'permissions' && has('permissions') && <PermissionFields catalogue={offers.catalogue} value={draft.permissions} onChange={(permissions) => set({ permissions })} />}
        {form.grants === 'permissions' && has('roles') && offers.roles.some((role) => !role.builtin) && (
          <CheckboxGroup label={words.roles} value={draft.roles} onChange={(roles) => set({ roles })}>
            {offers.roles.filter((role) => !role.builtin || draft.roles.includes(role.id)).map((role) => <Checkbox key={role.id} value={role.id}><span className="name">{role.name}</span></Checkbox>)}
          </CheckboxGroup>
        )}
        <Preview catalogue={offers.catalogue} choice={choice} />
      </Section>
      <Section title={words.sections.end}>
        {asksEnd ? (
          <ExpiryField policy={form.expiry} value={draft.expiry} current={edits?.expires_at} isEdit={edits !== undefined} onChange={(expiry) => set({ expiry })} />
        ) : (
          <p className={quiet}>{form.expiry.mode === 'never' ? words.noEnd : words.automatic}</p>
        )}
      </Section>
      {(has('networks') || has('limits') || has('quota')) && (
        <Section title={words.sections.where}>
          {has('networks') && <TextArea label={words.networks} name="networks" description={words.networksHelp} value={draft.networks} onChange={(networks) => set({ networks })} />}
          {has('limits') && <RateLimitsField value={draft.limits} onChange={(limits) => set({ limits })} />}
          {has('quota') && <QuotaFields value={draft.quota} onChange={(quota) => set({ quota })} />}
        </Section>
      )}
      {(has('tags') || has('contacts') || has('metadata') || (has('protected') && !edits)) && (
        <Section title={words.sections.more}>
          {has('tags') && <TextField label={words.tags} name="tags" description={words.commas} value={draft.tags} onChange={(tags) => set({ tags })} />}
          {has('contacts') && <TextField label={words.contacts} name="contacts" description={words.contactsHelp} value={draft.contacts} onChange={(contacts) => set({ contacts })} />}
          {has('metadata') && <TextArea label={words.metadata} name="metadata" description={words.metadataHelp} value={draft.metadata} onChange={(metadata) => set({ metadata })} spellCheck="false" />}
          {has('protected') && !edits && <Switch isSelected={draft.protected} onChange={(on) => set({ protected: on })}>{words.protect}</Switch>}
        </Section>
      )}
      <ButtonGroup>
        <Button type="submit" variant="accent" isPending={isRunning}><Text>{submit}</Text></Button>
        <Button variant="secondary" onPress={onCancel}>{common.cancel}</Button>
      </ButtonGroup>
    </Form>
  );
}
