// What of the audit log is asked for; all of it is in the address.
import type { paths } from '@/api/schema';

export const defaults = { action: '', actor: '', target: '', range: 'all', from: '', to: '' };
export type AuditState = typeof defaults;
export type SetAuditState = (patch: Partial<AuditState>) => void;
export type Asked = Omit<NonNullable<paths['/v1/audit']['get']['parameters']['query']>, 'cursor' | 'limit'>;

const lengths: Record<string, number> = { '1h': 3_600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400 };

export function isFiltered(state: AuditState): boolean {
  return Object.entries(defaults).some(([name, value]) => state[name as keyof AuditState] !== value);
}

/** The midnight at which a day begins where the reader is. */
function midnight(day: string, later = 0): string | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (!year || !month || !date) return undefined;
  const at = new Date(year, month - 1, date + later);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** The query of the API. A range counts from the minute, so that the same question is asked again meanwhile. */
export function asked(state: AuditState, now: number = Date.now()): Asked {
  const length = lengths[state.range];
  const minute = Math.floor(now / 60_000) * 60_000;
  const since = length ? new Date(minute - length * 1000).toISOString() : state.range === 'custom' ? midnight(state.from) : undefined;
  const until = state.range === 'custom' ? midnight(state.to, 1) : undefined;
  return {
    ...(state.action && { action: state.action }),
    ...(state.actor && { actor: state.actor }),
    ...(state.target && { target: state.target }),
    ...(since && { since }),
    ...(until && { until }),
  };
}
