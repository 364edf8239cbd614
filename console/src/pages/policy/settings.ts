// Every setting of the policy: in which group it is shown, and what kind of value it has. A vitest holds it against the schema.
import { policy as words } from '@/strings/en/policy';

export type Kind = 'choice' | 'choices' | 'switch' | 'span' | 'span?' | 'text' | 'text?' | 'number' | 'number?' | 'lines' | 'days' | 'rate?' | 'quota?' | 'zone';
export type GroupName = keyof typeof words.groups;

export interface Setting {
  path: string;
  kind: Kind;
}

export const groups: readonly { name: GroupName; settings: readonly Setting[] }[] = [
  {
    name: 'life',
    settings: [
      { path: 'expiry.mode', kind: 'choice' },
      { path: 'expiry.default', kind: 'span?' },
      { path: 'expiry.max', kind: 'span?' },
      { path: 'expiry.editable', kind: 'switch' },
      { path: 'expiry.cutoff', kind: 'choice' },
      { path: 'expiry.timezone', kind: 'zone' },
      { path: 'expiring_window', kind: 'span' },
    ],
  },
  {
    name: 'rotation',
    settings: [
      { path: 'rotation.allowed', kind: 'switch' },
      { path: 'rotation.default_grace', kind: 'span' },
      { path: 'rotation.max_grace', kind: 'span' },
      { path: 'rotation.warn_after', kind: 'span?' },
    ],
  },
  {
    name: 'secrets',
    settings: [
      { path: 'secret.storage', kind: 'choice' },
      { path: 'secret.reveal', kind: 'choice' },
      { path: 'secret.source', kind: 'choice' },
      { path: 'token.prefix', kind: 'text' },
      { path: 'token.length', kind: 'number' },
    ],
  },
  {
    name: 'owners',
    settings: [
      { path: 'owner.kinds', kind: 'choices' },
      { path: 'owner.max_live_keys', kind: 'number?' },
      { path: 'issue_for', kind: 'choice' },
      { path: 'issue_blocked', kind: 'lines' },
    ],
  },
  {
    name: 'grants',
    settings: [
      { path: 'grants', kind: 'choice' },
      { path: 'keys.may_manage', kind: 'switch' },
      { path: 'form.fields', kind: 'choices' },
    ],
  },
  {
    name: 'doors',
    settings: [
      { path: 'accept.sources', kind: 'choices' },
      { path: 'limits.default_rate', kind: 'rate?' },
      { path: 'limits.default_quota', kind: 'quota?' },
      { path: 'dialects', kind: 'choices' },
    ],
  },
  {
    name: 'accounts',
    settings: [
      { path: 'accounts.username', kind: 'choice' },
      { path: 'accounts.email', kind: 'choice' },
      { path: 'accounts.default_roles', kind: 'lines' },
      { path: 'accounts.deletion', kind: 'choice' },
    ],
  },
  {
    name: 'attention',
    settings: [
      { path: 'reminders.days', kind: 'days' },
      { path: 'reminders.to', kind: 'choices' },
      { path: 'reminders.organisation_email', kind: 'text?' },
      { path: 'leaks', kind: 'choice' },
      { path: 'anomalies.watch', kind: 'choices' },
      { path: 'anomalies.factor', kind: 'number' },
      { path: 'anomalies.dormant_after', kind: 'span' },
      { path: 'idle.warn_after', kind: 'span?' },
      { path: 'idle.disable_after', kind: 'span?' },
    ],
  },
  {
    name: 'retention',
    settings: [
      { path: 'deletion', kind: 'choice' },
      { path: 'requests.logged', kind: 'choice' },
      { path: 'retention.access_log', kind: 'span' },
      { path: 'retention.usage', kind: 'span' },
      { path: 'retention.audit', kind: 'span?' },
    ],
  },
];

export const settings: readonly Setting[] = groups.flatMap((group) => group.settings);

export function settingAt(path: string): Setting | undefined {
  return settings.find((setting) => setting.path === path);
}
