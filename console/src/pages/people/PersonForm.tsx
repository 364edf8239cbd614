import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { touches, type Person } from './touches';
import { ifMatch, useAction } from '@/api/action';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { FormDialog } from '@/components/FormDialog';
import type { LinkShown } from '@/components/OneTimeLink';
import { RolesField } from '@/components/RolesField';
import { common } from '@/strings/en/common';
import { people as words } from '@/strings/en/people';

const fields = ['email', 'name', 'roles'];

function useFields(person?: Person) {
  const [email, setEmail] = useState(person?.email ?? '');
  const [name, setName] = useState(person?.name ?? '');
  const [roles, setRoles] = useState<string[]>(person?.roles.map((role) => role.id) ?? []);
  const [operator, setOperator] = useState(person?.operator ?? false);
  return { email, setEmail, name, setName, roles, setRoles, operator, setOperator };
}

function Fields({ of, isNew }: { of: ReturnType<typeof useFields>; isNew: boolean }) {
  const may = useMay();
  return (
    <>
      <TextField label={words.fields.email} description={words.fields.emailHelp} name="email" type="email" isRequired autoFocus maxLength={254} value={of.email} onChange={of.setEmail} autoComplete="off" />
      <TextField label={words.fields.name} description={isNew ? words.fields.nameHelp : undefined} name="name" isRequired={!isNew} maxLength={200} value={of.name} onChange={of.setName} autoComplete="off" />
      {may('claviger:roles.read') && <RolesField value={of.roles} onChange={of.setRoles} description={words.fields.roles} />}
      {may('operator') && (
        <Checkbox isSelected={of.operator} onChange={of.setOperator}>
          <span>
            {words.fields.operator}
            <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{words.fields.operatorHelp}</span>
          </span>
        </Checkbox>
      )}
    </>
  );
}

/** Asks somebody in; their link is handed on for its one showing. */
export function InviteForm({ onLink, onClose }: { onLink: (link: LinkShown) => void; onClose: () => void }) {
  const of = useFields();
  const may = useMay();
  const action = useAction({
    saysFaults: true,
    isSecret: true,
    call: () => api.POST('/v1/users', { body: { email: of.email.trim(), name: of.name.trim() || null, roles: of.roles, operator: may('operator') ? of.operator : null } }),
    touches,
    onDone: (made) => {
      onClose();
      onLink({ title: words.invited(made.name), email: made.email, url: made.invitation_url, endsAt: made.invitation_ends_at, mail: made.mail });
    },
  });
  return (
    <FormDialog title={words.inviteTitle} submit={words.inviteNow} size="M" action={action} fields={fields} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <Fields of={of} isNew />
    </FormDialog>
  );
}

/** Changes who somebody is and what they may do. */
export function PersonForm({ person, onClose }: { person: Person; onClose: () => void }) {
  const of = useFields(person);
  const may = useMay();
  const action = useAction({
    saysFaults: true,
    call: () =>
      api.PATCH('/v1/users/{id}', {
        params: { path: { id: person.id } },
        headers: ifMatch(person.version),
        body: { email: of.email.trim(), name: of.name, roles: of.roles, operator: may('operator') ? of.operator : null },
      }),
    touches,
    done: words.saved(of.name),
    onDone: onClose,
  });
  return (
    <FormDialog title={words.editTitle(person.name)} submit={common.save} size="M" action={action} fields={fields} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <Fields of={of} isNew={false} />
    </FormDialog>
  );
}
