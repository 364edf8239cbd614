import { expect, test } from 'vitest';
import { standing, type Node } from './standing';

function node(renewed_at: string, behind = 0, lease_ms: number | null = 3_000): Node {
  return { id: 'node_1', name: 'Sample', version: '1', lease_ms, stale_ms: null, joined_at: renewed_at, renewed_at, behind, this: false };
}

test('a server is late when its lease has passed beside the youngest renewal, whatever the reader’s clock says', () => {
  const all = [node('2020-01-01T00:00:10Z'), node('2020-01-01T00:00:07Z'), node('2020-01-01T00:00:06.9Z')];
  expect(all.map((one) => standing(one, all))).toEqual(['active', 'active', 'late']);
});

test('one that has not applied all changes is behind, and the only one there can be is neither', () => {
  const behind = node('2020-01-01T00:00:10Z', 3);
  expect(standing(behind, [behind])).toBe('behind');
  const only = node('2020-01-01T00:00:10Z', 0, null);
  expect(standing(only, [only])).toBe('active');
});
