import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { events, filtersOf, isAll, kinds, named } from './events';

test('every event that the server tells of is offered, and no other', () => {
  const source = readFileSync('../crates/domain/src/webhook/event.rs', 'utf8');
  const table = source.slice(source.indexOf('const EVENTS'), source.indexOf('];'));
  const told = new Set([...table.matchAll(/\("[a-z.]+", "([a-z.]+)"\)/g)].map((match) => match[1]));
  expect(new Set(events)).toEqual(told);
});

test('filters become the events that they name, and back', () => {
  expect(named(['key.revoked', 'account.*'])).toEqual(['key.revoked', ...events.filter((event) => event.startsWith('account.'))]);
  expect(named(['*'])).toEqual(events);
  expect(isAll(['*'])).toBe(true);
  expect(filtersOf(['key.revoked', 'policy.changed'])).toEqual(['key.revoked', 'policy.changed']);
  const keys = kinds.find((one) => one.kind === 'key')?.events ?? [];
  expect(filtersOf(keys)).toEqual(['key.*']);
  expect(filtersOf([])).toEqual([]);
});
