import { describe, expect, it, vi } from 'vitest';
import { count, dayOfUtc, relative } from './format';

vi.stubGlobal('navigator', { language: 'en-US' });
const now = Date.UTC(2026, 0, 10, 12);
const ago = (seconds: number) => new Date(now - seconds * 1000);

describe('times are told as people tell them', () => {
  it.each([
    [0, 'now'],
    [-20, 'now'],
    [59, '59 sec. ago'],
    [200, '3 min. ago'],
    [86_400, 'yesterday'],
    [86_400 * 45, '45 days ago'],
    [86_400 * 70, '2 mo. ago'],
    [86_400 * 400, 'last yr.'],
    [-86_400 * 12, 'in 12 days'],
  ])('%d seconds ago is %s', (seconds, said) => expect(relative(ago(seconds), now)).toBe(said));
});

it('numbers are grouped by locale', () => expect(count(1_234_567)).toBe('1,234,567'));

it('a day of UTC is that day wherever it is read', () => {
  for (const at of ['2026-11-27T00:00:00Z', '2026-11-27T23:59:59Z']) expect(dayOfUtc(at)).toBe('Nov 27, 2026');
});
