// Reckons with what was asked: the busiest hour against what a limit lets through in one.
import type { components } from '@/api/schema';

type Report = { buckets: readonly Pick<components['schemas']['UsageBucket'], 'by_code'>[] };

/** How many requests the busiest hour had. */
export function busiestHour({ buckets }: Report): number {
  return Math.max(0, ...buckets.map(({ by_code }) => Object.values(by_code).reduce((sum, one) => sum + one, 0)));
}

const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** How many requests a limit lets through in an hour: what its windows fill up, and no more than one window's worth where that is longer. */
export function inAnHour(limit: { limit: number; window: string }): number {
  const [, number = '1', unit = 'h'] = /^(\d+)([smhdw])$/.exec(limit.window) ?? [];
  const window = Number(number) * (seconds[unit] ?? 3600);
  return window >= 3600 ? limit.limit : Math.floor((limit.limit * 3600) / window);
}
