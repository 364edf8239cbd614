import { describe, expect, it } from 'vitest';
import { groups, judge, type Catalogue } from './catalogue';

const catalogue = {
  apis: [{ id: 'api_1', slug: 'orders', name: 'Orders', permissions: [{ name: 'orders:view', description: 'See orders' }, { name: 'orders:create' }, { name: 'stock:view' }] }],
  claviger: [{ name: 'claviger:keys.read', description: 'See keys' }],
} as unknown as Catalogue;

describe('what can be granted', () => {
  it('is grouped by API, with a wildcard for each resource, and what roles grant beside it', () => {
    const found = groups(catalogue, ['orders:view', 'cce:edit', 'cce:edit', '*', 'claviger:keys.read']);
    expect(found.map((group) => [group.id, group.permissions.map((one) => one.name), group.wildcards])).toEqual([
      ['orders', ['orders:view', 'orders:create', 'stock:view'], ['orders:*', 'stock:*']],
      ['other', ['cce:edit'], []],
      ['claviger', ['claviger:keys.read'], []],
    ]);
  });

  it('is judged: what these patterns let somebody do, and what not', () => {
    const { can, cannot } = judge(groups(catalogue), ['orders:*']);
    expect(can.map((one) => [one.name, one.by])).toEqual([['orders:view', 'orders:*'], ['orders:create', 'orders:*']]);
    expect(cannot.map((one) => one.name)).toEqual(['stock:view', 'claviger:keys.read']);
  });
});
