import { describe, expect, it } from 'vitest';
import { busiestHour, inAnHour, outcomes } from './usage';

describe('usage against limits', () => {
  it('has the most frequent outcome first, and none that never came', () => {
    expect(outcomes({ buckets: [], by_code: { EXPIRED: 3, VALID: 90, REVOKED: 0 } })).toEqual([
      { code: 'VALID', count: 90 },
      { code: 'EXPIRED', count: 3 },
    ]);
  });

  it('finds the busiest hour over all outcomes', () => {
    const buckets: { start: string; by_code: Record<string, number> }[] = [{ start: '2026-01-01T00:00:00Z', by_code: { VALID: 5, EXPIRED: 2 } }, { start: '2026-01-01T01:00:00Z', by_code: { VALID: 6 } }];
    expect(busiestHour({ by_code: {}, buckets })).toBe(7);
    expect(busiestHour({ by_code: {}, buckets: [] })).toBe(0);
  });

  it('reckons what a limit lets through in an hour', () => {
    expect(inAnHour({ limit: 100, window: '1m' })).toBe(6000);
    expect(inAnHour({ limit: 5, window: '7s' })).toBe(2571);
    expect(inAnHour({ limit: 1000, window: '1d' })).toBe(1000);
    expect(inAnHour({ limit: 10, window: '1h' })).toBe(10);
  });
});
