// When a key ends: what may be chosen under the policy, and what is sent.
import type { components } from '@/api/schema';

type Policy = Partial<Pick<components['schemas']['ExpiryPolicy'], 'mode' | 'default' | 'max'>>;
export type Choice = 'keep' | 'default' | '90d' | '180d' | '365d' | 'date' | 'never';
export interface Expiry {
  choice: Choice;
  date?: string;
}

const units: Record<string, number> = { s: 1 / 86_400, m: 1 / 1440, h: 1 / 24, d: 1, w: 7 };

/** A span such as `90d` in days. */
export function days(span: string): number {
  return Number(span.slice(0, -1)) * (units[span.slice(-1)] ?? 0);
}

/** What the policy leaves open, in the order of the form. */
export function choices(policy: Policy): Choice[] {
  const within = (span: string) => !policy.max || days(span) <= days(policy.max);
  const spans = (['90d', '180d', '365d'] as const).filter(within);
  const open: Choice[] = [...spans, 'date'];
  if (policy.default) open.unshift('default');
  if (policy.mode !== 'required' && !policy.max) open.push('never');
  return open;
}

/** The policy's own length, or ninety days: nobody gets a key without an end by not looking. */
export function usual(policy: Policy): Expiry {
  return { choice: choices(policy)[0] ?? 'date' };
}

/** The latest day that may be named, if there is one. */
export function latest(policy: Policy, now = new Date()): string | undefined {
  if (!policy.max) return undefined;
  return new Date(now.getTime() + days(policy.max) * 86_400_000).toISOString().slice(0, 10);
}

/** The part of a request that says it. */
export function ends({ choice, date }: Expiry): { expires_in?: string; expires_at?: string | null } {
  if (choice === 'keep' || choice === 'default') return {};
  if (choice === 'never') return { expires_at: null };
  if (choice === 'date') return date ? { expires_at: date } : {};
  return { expires_in: choice };
}
