import type { Step } from './usage';
import { hourOf, monthOf, shortDay } from '@/components/format';

/** How the steps of a chart are called. */
export function named(step: Step): (at: number) => string {
  return { hour: hourOf, day: shortDay, month: monthOf }[step];
}
