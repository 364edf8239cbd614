// The steps of the first run, for whom they are, and which comes next.
import { may, type OwnSession } from '@/api/session';

export const all = ['factor', 'organisation', 'preset', 'key'] as const;
export type Step = (typeof all)[number];

/** What is for this person: whoever was invited is asked for a second factor and nothing else. */
export function stepsFor(session: OwnSession, isFresh: boolean): Step[] {
  const steps: Step[] = session.user.has_password ? ['factor'] : [];
  if (!isFresh) return steps;
  if (may(session, 'claviger:organisations.manage')) steps.push('organisation');
  if (may(session, 'claviger:policy.manage')) steps.push('preset');
  if (may(session, 'claviger:keys.create')) steps.push('key');
  return steps;
}

/** The step that the address or this browser names, if it is one of theirs; else the first. */
export function stepAt(steps: readonly Step[], ...named: (string | undefined)[]): Step | undefined {
  for (const name of named) {
    const found = steps.find((step) => step === name);
    if (found) return found;
  }
  return steps[0];
}
