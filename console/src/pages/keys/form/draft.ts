// A key as the form holds it, and what is sent of it.
import { ends, type Expiry } from './expiry';
import type { components } from '@/api/schema';
import { keyForm as words } from '@/strings/en/keyForm';

type Schemas = components['schemas'];
export type PolicyForm = Schemas['PolicyForm'];
export type Field = Schemas['FormField'];
export type OwnerKind = Schemas['OwnerKind'];

type Metadata = NonNullable<Schemas['NewKey']['metadata']>;

export interface Draft {
  name: string;
  description: string;
  ownerKind: OwnerKind;
  owner: string;
  permissions: string[];
  roles: string[];
  expiry: Expiry;
  networks: string;
  tags: string;
  contacts: string;
  metadata: string;
  limits: Schemas['NewRateLimit'][];
  quota: { limit: number; per: Schemas['QuotaPeriod']; timezone?: string } | undefined;
  protected: boolean;
}

/** An empty form. “All permissions” is never chosen for anybody. */
export function emptyDraft(form: PolicyForm, expiry: Expiry): Draft {
  const ownerKind = form.issue_for === 'self' ? 'user' : (form.owner_kinds[0] ?? 'organisation');
  return {
    name: '', description: '', ownerKind, owner: '', permissions: [], roles: [], expiry, networks: '', tags: '', contacts: '', metadata: '', limits: [], quota: undefined, protected: false,
  };
}

export function draftOf(key: Schemas['Key']): Draft {
  const ownQuota = key.quota && !key.quota.by_default ? { limit: key.quota.limit, per: key.quota.per, timezone: key.quota.timezone } : undefined;
  return {
    name: key.name,
    description: key.description,
    ownerKind: key.owner.type,
    owner: key.owner.type === 'organisation' ? '' : key.owner.id,
    permissions: [...key.permissions],
    roles: key.roles.map((role) => role.id),
    expiry: { choice: 'keep', date: key.expires_at?.slice(0, 10) },
    networks: key.networks.join('\n'),
    tags: key.tags.join(', '),
    contacts: key.contacts.join(', '),
    metadata: Object.keys(key.metadata).length > 0 ? JSON.stringify(key.metadata, null, 2) : '',
    limits: key.rate_limits.map(({ name, limit, window, burst }) => ({ name, limit, window, burst })),
    quota: ownQuota,
    protected: key.protected,
  };
}

/** A list as people write one: commas or lines between. */
export function list(text: string): string[] {
  return [...new Set(text.split(/[\n,]/).map((one) => one.trim()).filter(Boolean))];
}

/** `undefined` where it is no JSON object. */
export function parseMetadata(text: string): Metadata | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : undefined;
  } catch {
    return undefined;
  }
}

/** What the form itself can tell is wrong, by the names of the API. */
export function faultsOf(draft: Draft): Record<string, string> {
  const faults: Record<string, string> = {};
  if (parseMetadata(draft.metadata) === undefined) faults.metadata = words.metadataFault;
  if (draft.ownerKind !== 'organisation' && !draft.owner) faults.owner = words.ownerFault;
  return faults;
}

/** The body of a request, with no more than the policy's form offers. */
export function bodyOf(draft: Draft, offered: readonly Field[]) {
  const has = (field: Field) => offered.includes(field);
  return {
    name: draft.name.trim(),
    ...(has('description') && { description: draft.description.trim() }),
    ...(has('owner') && draft.owner && { owner: draft.owner }),
    ...(has('permissions') && { permissions: draft.permissions }),
    ...(has('roles') && { roles: draft.roles }),
    ...(has('expires_at') && ends(draft.expiry)),
    ...(has('networks') && { networks: list(draft.networks) }),
    ...(has('limits') && { rate_limits: draft.limits }),
    ...(has('quota') && draft.quota && { quota: draft.quota }),
    ...(has('metadata') && { metadata: parseMetadata(draft.metadata) ?? {} }),
    ...(has('tags') && { tags: list(draft.tags) }),
    ...(has('contacts') && { contacts: list(draft.contacts) }),
  };
}

/** What differs from before, so that an edit names nothing else. */
export function changesOf(before: Draft, after: Draft, offered: readonly Field[]) {
  const [old, now] = [bodyOf(before, offered), bodyOf(after, offered)];
  const differs = (name: keyof typeof now) => JSON.stringify(now[name]) !== JSON.stringify(old[name]);
  return Object.fromEntries(Object.entries(now).filter(([name]) => differs(name as keyof typeof now))) as Partial<typeof now>;
}

const generic = /^(my |new |the )?(api[- _]?)?(key|token|test|testing|temp|tmp|foo|bar|demo|default|untitled|example|secret)s?[ _-]*\d*$/i;

/** Whether a name tells nobody what the key is for. */
export function isGeneric(name: string): boolean {
  return generic.test(name.trim());
}
