import { TextArea } from '@react-spectrum/s2/TextArea';
import { TextField } from '@react-spectrum/s2/TextField';
import { useState } from 'react';
import { touches, type Account } from './actions';
import { usernameFrom } from './username';
import { ifMatch, useAction } from '@/api/action';
import { api, query } from '@/api/client';
import { useMay } from '@/api/session';
import { FormDialog } from '@/components/FormDialog';
import { PersonField } from '@/components/PersonField';
import { RateLimitsField, type EditedLimit } from '@/components/RateLimits';
import { RolesField } from '@/components/RolesField';
import { common } from '@/strings/en/common';
import { accounts as words } from '@/strings/en/accounts';

const fields = ['name', 'username', 'email', 'partner', 'owner', 'purpose', 'tags', 'roles'];

function list(text: string): string[] {
  return text.split(',').map((one) => one.trim()).filter(Boolean);
}

/** Makes a service account, or changes one. */
export function AccountForm({ account, onDone, onClose }: { account?: Account; onDone?: (account: Account) => void; onClose: () => void }) {
  const may = useMay();
  const [name, setName] = useState(account?.name ?? '');
  const [username, setUsername] = useState(account?.username ?? '');
  const [typedUsername, setTyped] = useState(account !== undefined);
  const [email, setEmail] = useState(account?.email ?? '');
  const [partner, setPartner] = useState(account?.partner ?? '');
  const [purpose, setPurpose] = useState(account?.purpose ?? '');
  const [tags, setTags] = useState(account?.tags.join(', ') ?? '');
  const [owner, setOwner] = useState(account?.owner ?? null);
  const [roles, setRoles] = useState<string[]>(account?.roles.map((role) => role.id) ?? []);
  const [limits, setLimits] = useState<EditedLimit[]>(account?.rate_limits ?? []);

  const policy = query.useQuery('get', '/v1/policy', {}, { enabled: may('claviger:policy.read') });
  const byEmail = policy.data?.accounts.username === 'email';
  const rename = (text: string) => {
    setName(text);
    if (!typedUsername) setUsername(usernameFrom(text));
  };

  const action = useAction({
    saysFaults: true,
    call: () => {
      const body = { name, email, partner, purpose, tags: list(tags), roles, rate_limits: limits, username: byEmail ? null : username || null };
      if (!account) return api.POST('/v1/service-accounts', { body: { ...body, owner: owner?.id ?? null } });
      return api.PATCH('/v1/service-accounts/{id}', { params: { path: { id: account.id } }, headers: ifMatch(account.version), body: { ...body, owner: owner?.id ?? '' } });
    },
    touches,
    done: account ? words.saved(name) : words.created(name),
    onDone: (made) => {
      onClose();
      onDone?.(made);
    },
  });

  return (
    <FormDialog
      title={account ? words.editTitle(account.name) : words.createTitle}
      submit={account ? common.save : words.createNow}
      size="L"
      action={action}
      fields={fields}
      onSubmit={() => action.run(undefined)}
      onClose={onClose}>
      <TextField label={words.fields.name} name="name" isRequired autoFocus maxLength={200} value={name} onChange={rename} autoComplete="off" />
      {!byEmail && (
        <TextField
          label={words.fields.username}
          description={words.fields.usernameHelp}
          name="username"
          isRequired
          maxLength={254}
          value={username}
          onChange={(text) => {
            setTyped(true);
            setUsername(text);
          }}
          autoComplete="off"
          spellCheck="false"
        />
      )}
      <TextField label={words.fields.partner} description={words.fields.partnerHelp} name="partner" maxLength={200} value={partner} onChange={setPartner} autoComplete="off" />
      <TextField label={words.fields.email} description={byEmail ? words.fields.emailIsUsername : undefined} name="email" type="email" isRequired={byEmail} maxLength={254} value={email} onChange={setEmail} autoComplete="off" />
      {may('claviger:users.read') && <PersonField label={words.fields.owner} description={words.fields.ownerHelp} person={owner} onChange={setOwner} />}
      <TextArea label={words.fields.purpose} name="purpose" maxLength={2000} value={purpose} onChange={setPurpose} />
      {may('claviger:roles.read') && <RolesField value={roles} onChange={setRoles} description={words.fields.roles} />}
      <TextField label={words.fields.tags} description={words.fields.tagsHelp} name="tags" value={tags} onChange={setTags} autoComplete="off" />
      <RateLimitsField value={limits} onChange={setLimits} />
    </FormDialog>
  );
}
