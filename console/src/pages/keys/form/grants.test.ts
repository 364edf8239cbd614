import { describe, expect, it } from 'vitest';
import { can, grants, isPattern } from './grants';

describe('patterns grant as the server reads them', () => {
  it.each([
    ['orders:view', 'orders:view', true],
    ['orders:*', 'orders:view', true],
    ['*', 'orders:view', true],
    ['*:view', 'orders:view', true],
    ['workflow.*:submit', 'workflow.42:submit', true],
    ['workflow.*:submit', 'workflow:submit', false],
    ['orders:view', 'orders:update', false],
    ['*', 'claviger:keys.read', false],
    ['*:*', 'claviger:keys.read', false],
    ['claviger:keys.*', 'claviger:keys.read', true],
  ])('%s and %s: %s', (pattern, permission, granted) => expect(grants(pattern, permission)).toBe(granted));
});

describe('a key does what its owner may, narrowed by what it was granted', () => {
  it('has what it was granted where it stands for the organisation', () => {
    expect(can({ own: ['orders:view'] }, 'orders:view')).toBe(true);
    expect(can({ own: [] }, 'orders:view')).toBe(false);
  });
  it('has all of its owner where nothing was granted, and never more', () => {
    expect(can({ own: [], owner: ['orders:*'] }, 'orders:view')).toBe(true);
    expect(can({ own: ['orders:view'], owner: ['orders:*'] }, 'orders:update')).toBe(false);
    expect(can({ own: ['stock:view'], owner: ['orders:*'] }, 'stock:view')).toBe(false);
  });
});

it.each([['orders:view', true], ['*', true], ['a.b.*:c', true], ['Orders:view', false], ['orders', false], ['orders:', false]])('%s is a pattern: %s', (text, is) =>
  expect(isPattern(text)).toBe(is),
);
