// What a change did, field by field, as the audit log and the policy's history tell it: `{"field": {"before": …, "after": …}}`.

export interface Changed {
  field: string;
  /** Absent where there was nothing before, as when something is made. */
  before?: unknown;
  after?: unknown;
  /** Of two lists: what came, and what went. */
  added: readonly string[];
  removed: readonly string[];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a line of text. Nothing of it is ever read as HTML. */
export function plain(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (isObject(value) && typeof value.name === 'string') return value.name;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function listed(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(plain) : undefined;
}

/** The fields in their order; a list tells what came and what went, in place of both wholes. */
export function differences(changes: unknown): Changed[] {
  if (!isObject(changes)) return [];
  return Object.entries(changes).map(([field, change]) => {
    // A few records tell a fact that is no change, such as how many were touched.
    if (!isObject(change) || !('before' in change || 'after' in change)) return { field, after: change, added: [], removed: [] };
    const { before, after } = change;
    const [old, young] = [listed(before), listed(after)];
    const lists = old && young && (Array.isArray(before) || Array.isArray(after));
    return {
      field,
      before,
      after,
      added: lists ? young.filter((one) => !old.includes(one)) : [],
      removed: lists ? old.filter((one) => !young.includes(one)) : [],
    };
  });
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** Whether a text is an instant, which is told by the reader's locale. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && instant.test(value);
}
