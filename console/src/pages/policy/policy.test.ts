import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { faultsOf } from './faults';
import { groups, settings } from './settings';
import { changedFrom, patchOf, tell, valueAt, type Policy } from './values';
import { policy as words } from '@/strings/en/policy';

vi.stubGlobal('navigator', { language: 'en-GB' });

interface Schema {
  properties?: Record<string, { default?: unknown }>;
}
const file = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')) as { components: { schemas: Record<string, Schema> } };
const usual = Object.fromEntries(Object.entries(file.components.schemas.Policy?.properties ?? {}).map(([name, one]) => [name, one.default])) as unknown as Policy;

function paths(policy: object): string[] {
  return Object.entries(policy).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value as object).map((inner) => `${name}.${inner}`) : [name],
  );
}

test('every setting of the API is on the page, once, with its words', () => {
  expect(settings.map((one) => one.path).toSorted()).toEqual(paths(usual).toSorted());
  for (const { path, kind } of settings) {
    expect(words.settings[path], path).toHaveLength(2);
    if (kind === 'choice' || kind === 'choices') expect(Object.keys(words.choices[path] ?? {}).length, path).toBeGreaterThan(1);
  }
  expect(Object.keys(words.groups)).toEqual(groups.map((group) => group.name));
});

test('the default policy has no fault', () => {
  expect(faultsOf(usual, {})).toEqual({});
});

test('what cannot stand together is told at its field', () => {
  expect(faultsOf(usual, { 'secret.reveal': 'on_demand' })).toHaveProperty(['secret.reveal']);
  expect(faultsOf(usual, { 'secret.reveal': 'on_demand', 'secret.storage': 'encrypted' })).toEqual({});
  expect(faultsOf(usual, { 'expiry.mode': 'automatic' })).toHaveProperty(['expiry.default']);
  expect(faultsOf(usual, { 'expiry.mode': 'never', 'expiry.max': '90d' })).toHaveProperty(['expiry.mode']);
  expect(faultsOf(usual, { 'expiry.default': '91d', 'expiry.max': '90d' })).toHaveProperty(['expiry.default']);
  expect(faultsOf(usual, { 'rotation.default_grace': '31d' })).toHaveProperty(['rotation.default_grace']);
  expect(faultsOf(usual, { grants: 'inherit', 'owner.kinds': ['organisation'] })).toHaveProperty(['grants']);
  expect(faultsOf(usual, { 'reminders.to': ['organisation_email'] })).toHaveProperty(['reminders.organisation_email']);
  expect(faultsOf(usual, { 'reminders.organisation_email': 'nobody' })).toHaveProperty(['reminders.organisation_email']);
  expect(faultsOf(usual, { 'reminders.to': ['organisation_email'], 'reminders.organisation_email': 'keys@sample.example' })).toEqual({});
  expect(faultsOf(usual, { 'idle.warn_after': '90d', 'idle.disable_after': '90d' })).toHaveProperty(['idle.warn_after']);
  expect(faultsOf(usual, { 'retention.usage': '1y' })).toHaveProperty(['retention.usage']);
});

test('only what is otherwise is sent, as a merge patch', () => {
  const changed = changedFrom(usual, { 'expiry.max': '90d', deletion: 'deactivate', 'owner.kinds': ['user', 'service_account', 'organisation'] });
  expect(changed).toEqual({ 'expiry.max': '90d' });
  expect(patchOf({ ...changed, 'expiry.mode': 'required', deletion: 'erase' })).toEqual({ expiry: { max: '90d', mode: 'required' }, deletion: 'erase' });
});

test('values are told in words', () => {
  expect(tell('expiry.max', null)).toBe('No limit');
  expect(tell('expiry.max', '366d')).toBe('366 days');
  expect(tell('retention.audit', null)).toBe('For ever');
  expect(tell('owner.kinds', ['user'])).toBe('People');
  expect(tell('limits.default_rate', { limit: 100, window: '1m', burst: 20 })).toBe('100 in 1 minute, 20 at once');
  expect(valueAt(usual, 'token.length')).toBe(46);
});
