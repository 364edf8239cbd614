import { expect, test, vi } from 'vitest';
import type { OwnSession } from '@/api/session';

vi.stubGlobal('window', { location: { origin: 'http://127.0.0.1:7400' } });
const { stepAt, stepsFor } = await import('./steps');

const session = (permissions: string[], operator = false) => ({ permissions, operator, user: { has_password: true } }) as unknown as OwnSession;

test('whoever opens a fresh installation is led through all of it', () => {
  expect(stepsFor(session([], true), true)).toEqual(['factor', 'organisation', 'preset', 'key']);
});

test('nobody is asked for what they may not do', () => {
  expect(stepsFor(session(['claviger:keys.create']), true)).toEqual(['factor', 'key']);
  expect(stepsFor(session([], true), false)).toEqual(['factor']);
});

test('the set-up goes on where it was left', () => {
  const steps = stepsFor(session([], true), true);
  expect(stepAt(steps, undefined, 'preset')).toBe('preset');
  expect(stepAt(steps, 'key', 'preset')).toBe('key');
  expect(stepAt(steps, 'nonsense', undefined)).toBe('factor');
});
