// Counts by the hour, as a chart shows them.
import type { components } from '@/api/schema';

type Bucket = components['schemas']['UsageBucket'];

export type Step = 'hour' | 'day';
export interface Bar {
  /** The beginning, local. */
  at: number;
  counts: Record<string, number>;
}

export const spans = { day: 1, week: 7, month: 30, quarter: 90 } as const;
export type Span = keyof typeof spans;

export const stepOf = (span: Span): Step => (span === 'day' ? 'hour' : 'day');

function floor(at: Date, step: Step): Date {
  return step === 'hour' ? new Date(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours()) : new Date(at.getFullYear(), at.getMonth(), at.getDate());
}

function next(at: Date, step: Step): Date {
  // By the calendar, so that a day of twenty-five hours is one day.
  return step === 'hour' ? new Date(at.getTime() + 3_600_000) : new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1);
}

/** One bar for each hour or local day between, also where nothing was counted. */
export function bars(buckets: readonly Bucket[], since: Date, until: Date, step: Step): Bar[] {
  const found = new Map<number, Bar>();
  for (let at = floor(since, step); at <= until; at = next(at, step)) found.set(at.getTime(), { at: at.getTime(), counts: {} });
  for (const bucket of buckets) {
    const bar = found.get(floor(new Date(bucket.start), step).getTime());
    if (!bar) continue;
    for (const [code, count] of Object.entries(bucket.by_code)) bar.counts[code] = (bar.counts[code] ?? 0) + count;
  }
  return [...found.values()];
}

/** The outcomes that are there: let in first, then by how often. */
export function outcomes(byCode: Record<string, number>): string[] {
  return Object.entries(byCode)
    .filter(([, count]) => count > 0)
    .toSorted(([a, x], [b, y]) => Number(b === 'VALID') - Number(a === 'VALID') || y - x)
    .map(([code]) => code);
}
