// What the API says when it refuses (RFC 9457), and how it is told to people.
import type { components } from './schema';
import { common } from '@/strings/en/common';

export type Problem = components['schemas']['Problem'];

/** Whether something thrown is a refusal of the API; else it is the network's fault, or ours. */
export function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'status' in error;
}

/** A title and a sentence that says what to do. */
export interface Told {
  title: string;
  detail: string;
  /** Names the request in the server's log. */
  requestId?: string;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

export function told(error: unknown): Told {
  if (!isProblem(error)) {
    // Only a request that was lost is a TypeError of fetch; anything else is a fault of the console.
    const lost = !(error instanceof Error) || /fetch|network|load failed/i.test(error.message);
    return lost ? { title: common.errors.offlineTitle, detail: common.errors.offline } : { title: common.errors.pageTitle, detail: common.errors.page };
  }
  const hint = common.errors.hints[error.code];
  const requestId = error.status >= 500 ? (error.request_id ?? undefined) : undefined;
  const title = error.status === 403 && error.code === 'forbidden' ? common.errors.forbiddenTitle : error.title;
  const missing = error.missing ? common.errors.missing(error.missing) : undefined;
  return { title, detail: [missing ?? sentence(error.detail), hint].filter(Boolean).join(' '), requestId };
}

/** The faults by the name of the field, as forms take them (`validationErrors` of Spectrum's Form). */
export function faultsByField(error: unknown): Record<string, string> {
  if (!isProblem(error)) return {};
  const faults = error.errors ?? [];
  return Object.fromEntries(faults.map((fault) => [fault.field.replace(/[.[].*$/, ''), sentence(fault.detail)]));
}
