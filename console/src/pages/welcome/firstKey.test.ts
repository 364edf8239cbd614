import { expect, test, vi } from 'vitest';

vi.stubGlobal('window', { location: { origin: 'http://127.0.0.1:7400' } });
const { endsFor, listenerAt, ownerKind, verifyCommand } = await import('./firstKey');
type KeyForm = Parameters<typeof ownerKind>[0];

const form = (patch: object) => ({ owner_kinds: ['organisation', 'service_account', 'user'], issue_for: 'others', expiry: { mode: 'optional', max: null }, ...patch }) as unknown as KeyForm;
const choices = ['90', '180', '365', 'never'];

test('the first key stands for whom the policy allows', () => {
  expect(ownerKind(form({}))).toBe('organisation');
  expect(ownerKind(form({ owner_kinds: ['service_account'] }))).toBe('service_account');
  expect(ownerKind(form({ issue_for: 'self' }))).toBe('user');
});

test('only ends that the policy takes are offered', () => {
  expect(endsFor(form({}), choices)).toEqual(choices);
  expect(endsFor(form({ expiry: { mode: 'required', max: '200d' } }), choices)).toEqual(['90', '180']);
  expect(endsFor(form({ expiry: { mode: 'automatic', max: null } }), choices)).toEqual([]);
  expect(endsFor(form({ expiry: { mode: 'never', max: null } }), choices)).toEqual([]);
});

test('the command holds nothing that a shell would read', () => {
  expect(listenerAt("http://127.0.0.1:7401/';rm")).toBe('http://127.0.0.1:7401');
  expect(listenerAt('javascript:alert(1)')).toBeUndefined();
  expect(listenerAt('not an address')).toBeUndefined();
  expect(verifyCommand('http://127.0.0.1:7401', 'sk_live_x')).toBe(`curl -s 'http://127.0.0.1:7401/v1/verify' -H 'Content-Type: application/json' -d '{"key":"sk_live_x"}'`);
});
