import { expect, it } from 'vitest';
import { usernameFrom } from './username';

it('suggests a username of the letters that are allowed', () => {
  expect(usernameFrom('Warehouse sync (EU)')).toBe('warehouse-sync-eu');
  expect(usernameFrom('  Société Générale – Paie ')).toBe('societe-generale-paie');
  expect(usernameFrom('倉庫')).toBe('');
});
