// What to say when a change is not in effect on every server yet: one of them cannot reach the database and goes on with what it knows.
import { ToastQueue } from '@react-spectrum/s2/Toast';
import { instant } from '@/components/format';
import { common } from '@/strings/en/common';

/** When a change is in effect everywhere at the latest, where that is not yet so. */
export function effectiveBy(response: Response): Date | undefined {
  const said = response.status === 202 ? response.headers.get('claviger-effective-by') : null;
  const at = said ? new Date(said) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at : undefined;
}

export function tellLater(response: Response): void {
  const at = effectiveBy(response);
  if (at) ToastQueue.info(common.effectiveBy(instant(at)), { timeout: 20_000 });
}
