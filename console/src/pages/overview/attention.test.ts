import { expect, test } from 'vitest';
import { href, remedy, told, type Finding } from './attention';

const key = { id: 'key_1', created_at: '2026-01-01T00:00:00Z', rotated_at: '2026-02-01T00:00:00Z', last_used_at: null, expires_at: '2027-01-01T00:00:00Z', owner: { type: 'service_account', id: 'acct_1', name: 'Sample' } } as never;

test('every finding tells an instant and has a remedy', () => {
  const all: Finding[] = ['expiring_soon', 'unusual', 'failing', 'orphaned', 'idle', 'never_used', 'unrotated', 'no_expiry', 'unlimited'];
  for (const finding of all) {
    expect(told(finding, key), finding).toBeDefined();
    expect(remedy(finding, key).does, finding).toBeTruthy();
  }
  expect(told('unrotated', key)).toEqual({ what: 'renewed', at: '2026-02-01T00:00:00Z' });
  expect(told('idle', key)?.what).toBe('made');
  expect(remedy('orphaned', key)).toEqual({ does: 'open', href: '/service-accounts/acct_1' });
});

test('the table shows the same keys in the same order', () => {
  expect(href({ finding: 'no_expiry', list: '/v1/keys?finding=no_expiry&sort=-expires_at' })).toBe('/keys?status=active&finding=no_expiry&sort=-expires_at');
  expect(href({ finding: 'expiring_soon', list: '/v1/keys?finding=expiring_soon&sort=expires_at' })).toContain('status=expiring_soon');
});
