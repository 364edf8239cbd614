// What a record of the audit log changed, as rows to read.
import { lists } from '@/strings/en/lists';

export interface Difference {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

const words = lists.history;

/** A value in one line; ids that have a name are told by it. */
export function valueText(value: unknown, names: ReadonlyMap<string, string> = new Map()): string {
  if (value === null || value === undefined || value === '') return words.nothing;
  if (value === true) return words.yes;
  if (value === false) return words.no;
  if (Array.isArray(value)) return value.length === 0 ? words.nothing : value.map((one) => valueText(one, names)).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return names.get(text) ?? text;
}

/** The fields of `{"name": {"before": …, "after": …}}`; what has no such form stands for itself. */
export function differences(changes: unknown, names?: ReadonlyMap<string, string>): Difference[] {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) return [];
  return Object.entries(changes).map(([field, change]: [string, unknown]) => {
    const told = field.replaceAll('_', ' ');
    if (typeof change === 'object' && change !== null && ('after' in change || 'before' in change)) {
      return {
        field: told,
        before: 'before' in change ? valueText(change.before, names) : undefined,
        after: 'after' in change ? valueText(change.after, names) : undefined,
      };
    }
    return { field: told, before: undefined, after: valueText(change, names) };
  });
}
