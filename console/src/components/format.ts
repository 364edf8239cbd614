// Numbers and times by the reader's locale.
const locale = () => navigator.language;

/** 12,345 */
export function count(n: number): string {
  return new Intl.NumberFormat(locale()).format(n);
}

/** 12K, for figures where space is short. */
export function shortCount(n: number): string {
  return new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

export function percent(part: number, whole: number): string {
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(whole === 0 ? 0 : part / whole);
}

/** The instant, whole: for tooltips and details. */
export function instant(at: string | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(at));
}

/** The day, for what lies far off. */
export function day(at: string | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(new Date(at));
}

/** The day of UTC that begins then, whatever day the reader has. */
export function dayOfUtc(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(at));
}

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** “3 min ago”, “in 12 days”. */
export function relative(at: string | Date, now: number = Date.now(), style: 'short' | 'narrow' = 'short'): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style });
  // The page's clock ticks every half minute, and the server's may be a little ahead.
  if (Math.abs(seconds) < 45) return format.format(0, 'second');
  // Weeks are hard to reckon with: days do until two months.
  const [unit, length] = steps.find(([name, size]) => name !== 'week' && Math.abs(seconds) >= size * (name === 'month' ? 2 : 1)) ?? ['second', 1];
  return format.format(Math.trunc(seconds / length), unit);
}

/** “14:00”, for the hours of a chart. */
export function hourOf(at: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** “9 Jan”, for the days of a chart. */
export function shortDay(at: number): string {
  return new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short' }).format(at);
}

/** “Jan 2026”, for the months of a chart. */
export function monthOf(at: number): string {
  return new Intl.DateTimeFormat(locale(), { month: 'short', year: 'numeric' }).format(at);
}

/** “12 µs” or “1.5 ms”, of a time in microseconds. */
export function shortTime(micros: number): string {
  const [value, unit] = micros < 1000 ? [micros, 'microsecond'] : [micros / 1000, 'millisecond'];
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, maximumFractionDigits: 1 }).format(value);
}
