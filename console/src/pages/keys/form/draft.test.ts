import { describe, expect, it } from 'vitest';
import { bodyOf, changesOf, draftOf, emptyDraft, faultsOf, isGeneric, list, type PolicyForm } from './draft';
import { choices, ends, latest, usual } from './expiry';

const form = { fields: ['description', 'permissions', 'expires_at', 'tags'], owner_kinds: ['organisation'], issue_for: 'others', expiry: {} } as unknown as PolicyForm;

describe('the end of a key', () => {
  it('is ninety days off unless the policy says otherwise', () => expect(usual({})).toEqual({ choice: '90d' }));
  it('is the policy’s own where there is one', () => expect(usual({ mode: 'optional', default: '30d' })).toEqual({ choice: 'default' }));
  it('is never “never” where one is required or bounded', () => {
    expect(choices({ mode: 'required' })).not.toContain('never');
    expect(choices({ mode: 'optional', max: '200d' })).toEqual(['90d', '180d', 'date']);
    expect(latest({ max: '2w' }, new Date('2026-01-01T00:00:00Z'))).toBe('2026-01-15');
  });
  it('is sent as the API takes it', () => {
    expect(ends({ choice: 'never' })).toEqual({ expires_at: null });
    expect(ends({ choice: '180d' })).toEqual({ expires_in: '180d' });
    expect(ends({ choice: 'date', date: '2026-05-01' })).toEqual({ expires_at: '2026-05-01' });
    expect(ends({ choice: 'default' })).toEqual({});
  });
});

describe('what is sent', () => {
  const draft = { ...emptyDraft(form, usual({})), name: ' Billing ', tags: 'eu, eu ,\n billing', contacts: 'a@sample.example' };
  it('holds only what the policy offers', () =>
    expect(bodyOf(draft, form.fields)).toEqual({ name: 'Billing', description: '', permissions: [], expires_in: '90d', tags: ['eu', 'billing'] }));
  it('names in an edit only what differs', () => expect(changesOf(draft, { ...draft, description: 'Nightly' }, form.fields)).toEqual({ description: 'Nightly' }));
  it('says what is no JSON object', () => {
    expect(faultsOf({ ...draft, metadata: '[1]' })).toHaveProperty('metadata');
    expect(faultsOf({ ...draft, metadata: '{"a":1}' })).toEqual({});
  });
});

it.each([['test', true], ['API key 2', true], ['my key', true], ['Billing export', false], ['Testing lab robot', false]])('%s is generic: %s', (name, is) => expect(isGeneric(name)).toBe(is));
it('lists are apart by commas or lines', () => expect(list('a, b\n\nc')).toEqual(['a', 'b', 'c']));

describe('a key that is edited', () => {
  it('keeps what of its limits and its quota the form does not ask for', () => {
    const key = {
      name: 'Billing', description: '', owner: { type: 'organisation' }, permissions: [], roles: [], expires_at: null, networks: [], tags: [], contacts: [], metadata: {},
      rate_limits: [{ name: 'requests', limit: 100, window: '1m', burst: 20 }], quota: { limit: 10, per: 'month', timezone: 'Europe/Berlin', by_default: false }, protected: false,
    } as unknown as Parameters<typeof draftOf>[0];
    expect(draftOf(key).limits).toEqual([{ name: 'requests', limit: 100, window: '1m', burst: 20 }]);
    expect(draftOf(key).quota).toEqual({ limit: 10, per: 'month', timezone: 'Europe/Berlin' });
  });
});
