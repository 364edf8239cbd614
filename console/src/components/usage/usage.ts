// What a chart of usage shows, from what the server counted.
import type { components } from '@/api/schema';

type Bucket = Pick<components['schemas']['UsageBucket'], 'start' | 'by_code'>;

export type Step = 'hour' | 'day' | 'month';
export interface Bar {
  /** The beginning. */
  at: number;
  counts: Record<string, number>;
}

/** Days that are shown, today among them. */
export const spans = { day: 1, week: 7, month: 30, quarter: 90, year: 365 } as const;
export type Span = keyof typeof spans;

export const stepOf = (span: Span): Step => (span === 'day' ? 'hour' : span === 'year' ? 'month' : 'day');

/** From when on: the last of the steps is the one that runs. */
export function since(span: Span, now: Date): Date {
  if (span === 'day') return new Date(now.getTime() - 23 * 3_600_000);
  if (span === 'year') return new Date(now.getFullYear(), now.getMonth() - 11, 1);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - spans[span] + 1);
}

/** A bar for each step. */
export function bars(buckets: readonly Bucket[]): Bar[] {
  return buckets.map(({ start, by_code }) => ({ at: Date.parse(start), counts: by_code }));
}

/** The outcomes that are there: let in first, then by how often. */
export function outcomes(byCode: Record<string, number>): string[] {
  return Object.entries(byCode)
    .filter(([, count]) => count > 0)
    .toSorted(([a, x], [b, y]) => Number(b === 'VALID') - Number(a === 'VALID') || y - x)
    .map(([code]) => code);
}
