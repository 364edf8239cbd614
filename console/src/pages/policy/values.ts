// Reading, writing and telling the values of the policy by their path.
import { policy as words } from '@/strings/en/policy';
import type { components } from '@/api/schema';
import { plain } from '@/components/difference';
import { settingAt } from './settings';

export type Policy = components['schemas']['Policy'];
export type Values = Record<string, unknown>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path such as `expiry.max`. */
export function valueAt(policy: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inside, name) => (isObject(inside) ? inside[name] : undefined), policy);
}

/** A merge patch (RFC 7396) of values by path. */
export function patchOf(values: Values): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const [group = '', name] = path.split('.');
    if (name === undefined) patch[group] = value;
    else patch[group] = { ...(patch[group] as object | undefined), [name]: value };
  }
  return patch;
}

/** Whether two values are the same; of lists that are sets the order does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item) => other.includes(item));
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** The values of a draft that are otherwise than the policy. */
export function changedFrom(policy: Policy, draft: Values): Values {
  return Object.fromEntries(Object.entries(draft).filter(([path, value]) => !same(value, valueAt(policy, path))));
}

const lengths: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** The seconds of `90d`; none where it cannot be read. */
export function secondsOf(span: unknown): number | undefined {
  const [, number, unit] = /^(\d{1,8})([smhdw])$/.exec(String(span)) ?? [];
  return number && unit ? Number(number) * (lengths[unit] ?? 0) : undefined;
}

/** “90 days”. */
export function spanText(span: string): string {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(span) ?? [];
  const names = unit && words.units[unit];
  return number && names ? `${number} ${Number(number) === 1 ? names[0] : names[1]}` : span;
}

function absent(path: string): string {
  if (path === 'retention.audit') return words.forEver;
  if (path.startsWith('idle.') || path === 'rotation.warn_after') return words.neverAtAll;
  if (path === 'expiry.max' || path.startsWith('limits.') || path === 'owner.max_live_keys') return words.noLimit;
  if (path === 'issue_blocked') return words.everybody;
  return words.none;
}

/** A value as people read it. */
export function tell(path: string, value: unknown): string {
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return absent(path);
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  const kind = settingAt(path)?.kind;
  const choices = words.choices[path];
  if (choices) return (Array.isArray(value) ? value : [value]).map((one) => choices[String(one)] ?? String(one)).join(', ');
  if (kind === 'span' || kind === 'span?') return path.endsWith('grace') && value === '0s' ? words.atOnce : spanText(String(value));
  if (isObject(value) && kind === 'rate?') return words.perWindow(Number(value.limit), spanText(String(value.window)), (value.burst as number | null) ?? null);
  if (isObject(value) && kind === 'quota?') return words.quota(Number(value.limit), words.per[String(value.per)] ?? String(value.per));
  return plain(value);
}
