import { describe, expect, it } from 'vitest';
import { busiestHour, inAnHour } from './usage';

describe('usage against limits', () => {
  it('finds the busiest hour over all outcomes', () => {
    expect(busiestHour({ buckets: [{ by_code: { VALID: 5, EXPIRED: 2 } }, { by_code: { VALID: 6 } }] })).toBe(7);
    expect(busiestHour({ buckets: [] })).toBe(0);
  });

  it('reckons what a limit lets through in an hour', () => {
    expect(inAnHour({ limit: 100, window: '1m' })).toBe(6000);
    expect(inAnHour({ limit: 5, window: '7s' })).toBe(2571);
    expect(inAnHour({ limit: 1000, window: '1d' })).toBe(1000);
    expect(inAnHour({ limit: 10, window: '1h' })).toBe(10);
  });
});
