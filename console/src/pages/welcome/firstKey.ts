// The first key, as the policy of the moment lets it be made.
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import type { OwnSession } from '@/api/session';

export type KeyForm = components['schemas']['PolicyForm'];

export interface FirstKey {
  name: string;
  /** The service account to make for it, where keys are for those alone. */
  account: string;
  accountEmail: string;
  /** The id of a permission level. */
  level: string;
  /** Days, or `never`. */
  ends: string;
}

/** Whom the first key stands for: the organisation where that may be, else a system, else oneself. */
export function ownerKind(form: KeyForm): 'organisation' | 'service_account' | 'user' {
  if (form.issue_for === 'self') return 'user';
  return form.owner_kinds.find((kind) => kind === 'organisation') ?? form.owner_kinds.find((kind) => kind === 'service_account') ?? 'user';
}

/** The ends that the policy leaves open; none where it sets the end itself. */
export function endsFor({ expiry }: KeyForm, choices: readonly string[]): string[] {
  if (expiry?.mode === 'never' || expiry?.mode === 'automatic') return [];
  const [, number, unit] = /^(\d+)([dw])$/.exec(expiry?.max ?? '') ?? [];
  const most = number ? Number(number) * (unit === 'w' ? 7 : 1) : Infinity;
  // A date lasts through its day, so the longest life itself would be a moment too long.
  return choices.filter((choice) => (choice === 'never' ? expiry?.mode === 'optional' && most === Infinity : Number(choice) < most || most === Infinity));
}

export interface Made {
  id: string;
  name: string;
  secret: string;
}

/** Makes it. The secret goes from the answer to the page, and through no cache. Throws the problem where it is refused. */
export async function makeFirstKey(form: KeyForm, session: OwnSession, wish: FirstKey): Promise<Made> {
  const kind = ownerKind(form);
  let owner: string | undefined = kind === 'user' ? session.user.id : undefined;
  if (kind === 'service_account') {
    const nothing = { username: null, partner: null, owner: null, purpose: null, tags: null, roles: null, rate_limits: null };
    const account = await api.POST('/v1/service-accounts', { body: { ...nothing, name: wish.account, email: wish.accountEmail || null } });
    if (!account.data) throw account.error;
    owner = account.data.id;
  }
  const hasEnd = endsFor(form, [wish.ends]).length > 0;
  const expires = wish.ends === 'never' ? null : new Date(Date.now() + Number(wish.ends) * 86_400_000).toISOString();
  const { data, error } = await api.POST('/v1/keys', {
    body: { name: wish.name, ...(owner && { owner }), ...(wish.level && { roles: [wish.level] }), ...(hasEnd && expires && { expires_at: expires }) },
  });
  if (!data) throw error;
  return { id: data.id, name: data.name, secret: data.secret ?? '' };
}

/** What is pasted in a shell. The address is a URL of ours and the token has no character that a shell reads. */
export function verifyCommand(where: string, secret: string): string {
  return `curl -s '${where}/v1/verify' -H 'Content-Type: application/json' -d '{"key":"${secret}"}'`;
}

/** An address of the verification listener, without what a shell could trip over; none where it is no address. */
export function listenerAt(text: string): string | undefined {
  try {
    const { protocol, origin } = new URL(text.trim());
    return /^https?:$/.test(protocol) && !origin.includes("'") ? origin : undefined;
  } catch {
    return undefined;
  }
}
