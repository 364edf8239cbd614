// Values and combinations that cannot stand, told at their fields before the server refuses them (domain/policy/validate.rs). What
// is not in here the server still refuses, in its own words.
import { secondsOf, valueAt, type Policy, type Values } from './values';
import { settings } from './settings';
import { policy as words } from '@/strings/en/policy';

const rate = /^[1-9]\d{0,8}\/[1-9]\d?[smhd]( burst [1-9]\d{0,8})?$/;

function own(path: string, kind: string, value: unknown): string | undefined {
  const isAbsent = value === null || value === undefined;
  if (kind === 'span' && secondsOf(value) === undefined) return words.faults.span;
  if (kind === 'span?' && !isAbsent && secondsOf(value) === undefined) return words.faults.span;
  if (kind === 'rate?' && typeof value === 'string' && !rate.test(value)) return words.faults.rate;
  if (kind === 'number' || (kind === 'number?' && !isAbsent)) return Number.isInteger(value) && Number(value) > 0 ? undefined : words.faults.number;
  if (path === 'reminders.days' && Array.isArray(value)) {
    const days = value.map(Number);
    return days.every((day) => Number.isInteger(day) && day >= 0) && new Set(days).size === days.length ? undefined : words.faults.days;
  }
  return undefined;
}

/** Faults by path. */
export function faultsOf(policy: Policy, draft: Values): Record<string, string> {
  const at = (path: string) => (path in draft ? draft[path] : valueAt(policy, path));
  const seconds = (path: string) => secondsOf(at(path));
  const faults: Record<string, string> = {};
  for (const { path, kind } of settings) {
    const fault = own(path, kind, at(path));
    if (fault) faults[path] = fault;
  }
  const say = (path: string, fault: string) => {
    faults[path] ??= fault;
  };
  const isEmpty = (path: string) => (at(path) as unknown[] | undefined)?.length === 0;
  const [usual, longest] = [seconds('expiry.default'), seconds('expiry.max')];

  if (at('expiry.mode') === 'never' && (at('expiry.default') !== null || at('expiry.max') !== null)) say('expiry.mode', words.faults.neverWithLength);
  if (at('expiry.mode') === 'automatic' && at('expiry.default') === null) say('expiry.default', words.faults.automaticWithoutDefault);
  if (usual === 0) say('expiry.default', words.faults.noLife);
  if (longest === 0) say('expiry.max', words.faults.noLife);
  if (usual !== undefined && longest !== undefined && usual > longest) say('expiry.default', words.faults.defaultBeyondMax);
  if (at('secret.reveal') === 'on_demand' && at('secret.storage') !== 'encrypted') say('secret.reveal', words.faults.reveal);
  if ((seconds('rotation.default_grace') ?? 0) > (seconds('rotation.max_grace') ?? 0)) say('rotation.default_grace', words.faults.grace);
  if (isEmpty('accept.sources')) say('accept.sources', words.faults.noSource);
  if (isEmpty('owner.kinds')) say('owner.kinds', words.faults.noOwner);
  const kinds = at('owner.kinds') as string[] | undefined;
  if (at('grants') === 'inherit' && kinds && !kinds.includes('service_account') && !kinds.includes('user')) say('grants', words.faults.inherit);
  if (isEmpty('reminders.to') && !isEmpty('reminders.days')) say('reminders.to', words.faults.nobodyReminded);
  const [to, address] = [at('reminders.to') as string[] | undefined, at('reminders.organisation_email')];
  if (typeof address === 'string' && !/^[^\s<>,@]+@[^\s<>,@]+\.[^\s<>,@]+$/.test(address)) say('reminders.organisation_email', words.faults.address);
  if (!address && to?.includes('organisation_email')) say('reminders.organisation_email', words.faults.noAddress);
  const [warn, disable] = [seconds('idle.warn_after'), seconds('idle.disable_after')];
  if (warn !== undefined && disable !== undefined && warn >= disable) say('idle.warn_after', words.faults.idle);
  for (const path of ['idle.warn_after', 'idle.disable_after', 'retention.access_log', 'retention.usage', 'retention.audit']) {
    if (seconds(path) === 0) say(path, words.faults.nothingKept);
  }
  return faults;
}
