import { expect, test } from 'vitest';
import { effectiveBy } from './effective';

const answer = (status: number, at?: string) => new Response(null, { status, headers: at ? { 'Claviger-Effective-By': at } : {} });

test('a change that a server may not know of yet is told with its time, and no other', () => {
  expect(effectiveBy(answer(202, '2026-11-27T08:05:03Z'))?.toISOString()).toBe('2026-11-27T08:05:03.000Z');
  expect(effectiveBy(answer(200, '2026-11-27T08:05:03Z'))).toBeUndefined();
  expect(effectiveBy(answer(202))).toBeUndefined();
  expect(effectiveBy(answer(202, 'soon'))).toBeUndefined();
});
