import { expect, it } from 'vitest';
import { bars, outcomes } from './usage';

it('hours without answers have a bar too', () => {
  const since = new Date(2026, 0, 10, 10, 30);
  const until = new Date(2026, 0, 10, 12, 10);
  const start = new Date(2026, 0, 10, 11).toISOString();
  expect(bars([{ start, by_code: { VALID: 2 } }], since, until, 'hour').map((bar) => bar.counts)).toEqual([{}, { VALID: 2 }, {}]);
});

it('a day holds all of its hours', () => {
  const hours = [1, 23].map((hour) => ({ start: new Date(2026, 0, 10, hour).toISOString(), by_code: { VALID: 1, EXPIRED: 1 } }));
  const found = bars(hours, new Date(2026, 0, 9, 5), new Date(2026, 0, 10, 23, 59), 'day');
  expect(found.map((bar) => bar.counts)).toEqual([{}, { VALID: 2, EXPIRED: 2 }]);
});

it('what was let in comes first, then what was refused most', () => expect(outcomes({ EXPIRED: 1, RATE_LIMITED: 9, VALID: 3, REVOKED: 0 })).toEqual(['VALID', 'RATE_LIMITED', 'EXPIRED']));
