import { expect, it } from 'vitest';
import { outcomes, since, stepOf } from './usage';

const now = new Date(2026, 2, 31, 12, 30);

it('a span ends with the hour, day or month that runs', () => {
  expect(since('day', now)).toEqual(new Date(2026, 2, 30, 13, 30));
  expect(since('week', now)).toEqual(new Date(2026, 2, 25));
  expect(since('year', now)).toEqual(new Date(2025, 3, 1));
  expect((['day', 'quarter', 'year'] as const).map(stepOf)).toEqual(['hour', 'day', 'month']);
});

it('what was let in comes first, then what was refused most', () => expect(outcomes({ EXPIRED: 1, RATE_LIMITED: 9, VALID: 3, REVOKED: 0 })).toEqual(['VALID', 'RATE_LIMITED', 'EXPIRED']));
