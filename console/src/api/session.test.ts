import { expect, it, vi } from 'vitest';

vi.stubGlobal('window', { location: { origin: 'http://sample.example' } });
const { may } = await import('./session');
type Session = Parameters<typeof may>[0];

const holding = (permissions: string[], operator = false) => ({ permissions, operator }) as unknown as Session;

it.each([
  [['claviger:*'], 'claviger:keys.read', true],
  [['claviger:keys.*'], 'claviger:keys.revoke', true],
  [['claviger:keys.*'], 'claviger:keysmith.read', false],
  [['claviger:keys.read'], 'claviger:keys.read', true],
  [['claviger:keys.read'], 'claviger:keys.reveal', false],
  [['*', '*:*'], 'claviger:keys.read', false],
  [[], 'claviger:keys.read', false],
] as const)('%j reaches %s: %s', (held, wanted, reached) => expect(may(holding([...held]), wanted)).toBe(reached));

it('an operator may do everything, and nobody else is one', () => {
  expect(may(holding([], true), 'claviger:policy.manage')).toBe(true);
  expect(may(holding(['claviger:*']), 'operator')).toBe(false);
});
