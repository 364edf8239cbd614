// Numbers and times by the reader's locale.
const locale = () => navigator.language;

/** Each formatter is made once for a locale: that takes a thousand times as long as to write a number, and a table has hundreds. */
function once<Format, Options>(make: new (locale: string, options?: Options) => Format): (options?: Options) => Format {
  const known = new Map<string, Format>();
  return (options) => {
    const key = JSON.stringify([locale(), options]);
    let format = known.get(key);
    if (!format) known.set(key, (format = new make(locale(), options)));
    return format;
  };
}

const numbers = once<Intl.NumberFormat, Intl.NumberFormatOptions>(Intl.NumberFormat);
const dates = once<Intl.DateTimeFormat, Intl.DateTimeFormatOptions>(Intl.DateTimeFormat);
const relatives = once<Intl.RelativeTimeFormat, Intl.RelativeTimeFormatOptions>(Intl.RelativeTimeFormat);

/** 12,345 */
export function count(n: number): string {
  return numbers().format(n);
}

/** 12K, for figures where space is short. */
export function shortCount(n: number): string {
  return numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

export function percent(part: number, whole: number): string {
  return numbers({ style: 'percent', maximumFractionDigits: 1 }).format(whole === 0 ? 0 : part / whole);
}

/** The instant, whole: for tooltips and details. */
export function instant(at: string | Date): string {
  return dates({ dateStyle: 'medium', timeStyle: 'long' }).format(new Date(at));
}

/** The day, for what lies far off. */
export function day(at: string | Date): string {
  return dates({ dateStyle: 'medium' }).format(new Date(at));
}

/** The day of UTC that begins then, whatever day the reader has. */
export function dayOfUtc(at: string): string {
  return dates({ dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(at));
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
  const format = relatives({ numeric: 'auto', style });
  // The page's clock ticks every half minute, and the server's may be a little ahead.
  if (Math.abs(seconds) < 45) return format.format(0, 'second');
  // Weeks are hard to reckon with: days do until two months.
  const [unit, length] = steps.find(([name, size]) => name !== 'week' && Math.abs(seconds) >= size * (name === 'month' ? 2 : 1)) ?? ['second', 1];
  return format.format(Math.trunc(seconds / length), unit);
}

/** “14:00”, for the hours of a chart. */
export function hourOf(at: number): string {
  return dates({ hour: '2-digit', minute: '2-digit' }).format(at);
}

/** “9 Jan”, for the days of a chart. */
export function shortDay(at: number): string {
  return dates({ day: 'numeric', month: 'short' }).format(at);
}

/** “Jan 2026”, for the months of a chart. */
export function monthOf(at: number): string {
  return dates({ month: 'short', year: 'numeric' }).format(at);
}

/** “12 µs” or “1.5 ms”, of a time in microseconds. */
export function shortTime(micros: number): string {
  const [value, unit] = micros < 1000 ? [micros, 'microsecond'] : [micros / 1000, 'millisecond'];
  return numbers({ style: 'unit', unit, maximumFractionDigits: 1 }).format(value);
}
