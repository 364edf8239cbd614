// The differences that a record of the audit log holds, as rows.

import { instant } from '@/components/format';

const moment = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return '–';
  if (typeof value === 'string') return value === '' ? '–' : moment.test(value) ? instant(value) : value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.length === 0 ? '–' : value.join(', ');
  return JSON.stringify(value);
}

/** `{contacts: {before: [], after: ["a"]}}` as rows; what says nothing of before and after is shown as it is. */
export function changesOf(changes: unknown): Change[] {
  if (typeof changes !== 'object' || changes === null) return [];
  return Object.entries(changes).map(([field, change]: [string, unknown]) => {
    if (typeof change !== 'object' || change === null || !('before' in change || 'after' in change)) return { field, before: undefined, after: text(change) };
    const { before, after } = change as { before?: unknown; after?: unknown };
    return { field, before: text(before), after: text(after) };
  });
}
