import { expect, it, vi } from 'vitest';
import { changesOf } from './changes';

vi.stubGlobal('navigator', { language: 'en-GB' });

it('instants are told as people read them', () => expect(changesOf({ ends: { after: '2026-01-02T10:00:00.5Z' } })[0]?.after).toMatch(/^2 Jan 2026/));

it('differences are told before and after', () =>
  expect(changesOf({ contacts: { before: [], after: ['a@sample.example'] }, name: { after: 'Billing' }, expires_at: { before: null, after: '2026-01-01' }, quota: { after: { limit: 5 } } })).toEqual([
    { field: 'contacts', before: '–', after: 'a@sample.example' },
    { field: 'name', before: undefined, after: 'Billing' },
    { field: 'expires_at', before: '–', after: '2026-01-01' },
    { field: 'quota', before: undefined, after: '{"limit":5}' },
  ]));

it('what is no difference is shown as it is', () => {
  expect(changesOf({ reason: 'lost' })).toEqual([{ field: 'reason', before: undefined, after: 'lost' }]);
  expect(changesOf(null)).toEqual([]);
});
