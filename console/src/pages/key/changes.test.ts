import { expect, it } from 'vitest';
import { changesOf } from './changes';

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
