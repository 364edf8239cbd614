import { expect, test } from 'vitest';
import { differences, plain } from './difference';

test('a change is told with what was and what became', () => {
  expect(differences({ name: { before: 'Old', after: 'New' } })).toEqual([{ field: 'name', before: 'Old', after: 'New', added: [], removed: [] }]);
});

test('of lists it is told what came and what went', () => {
  const [tags] = differences({ tags: { before: ['a', 'b'], after: ['b', 'c'] } });
  expect(tags?.added).toEqual(['c']);
  expect(tags?.removed).toEqual(['a']);
});

test('a list that is made has only what came', () => {
  const [tags] = differences({ tags: { after: ['a'] } });
  expect(tags?.added).toEqual(['a']);
  expect(tags?.removed).toEqual([]);
});

test('a fact that is no change is told as it is', () => {
  expect(differences({ records: 12 })).toEqual([{ field: 'records', after: 12, added: [], removed: [] }]);
  expect(differences(null)).toEqual([]);
});

test('a value is text whatever it holds', () => {
  expect(plain({ id: 'x', name: '<b>bold</b>' })).toBe('<b>bold</b>');
  expect(plain({ limit: 1 })).toBe('{"limit":1}');
  expect(plain(false)).toBe('false');
  expect(plain(null)).toBe('');
});
