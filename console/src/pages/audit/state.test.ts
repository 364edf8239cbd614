import { expect, test } from 'vitest';
import { asked, defaults, isFiltered } from './state';

test('nothing is asked for that nobody chose', () => {
  expect(asked(defaults)).toEqual({});
  expect(isFiltered(defaults)).toBe(false);
});

test('a range counts back from the minute', () => {
  const now = Date.parse('2026-05-02T10:00:42Z');
  expect(asked({ ...defaults, range: '24h' }, now)).toEqual({ since: '2026-05-01T10:00:00.000Z' });
});

test('the last day of two is whole', () => {
  const { since, until } = asked({ ...defaults, range: 'custom', from: '2026-05-01', to: '2026-05-01' });
  expect(Date.parse(until ?? '') - Date.parse(since ?? '')).toBe(86_400_000);
});

test('what an address garbled is left out', () => {
  expect(asked({ ...defaults, range: 'custom', from: 'yesterday', to: '' })).toEqual({});
});
