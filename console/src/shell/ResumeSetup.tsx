import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { useFresh } from '@/api/firstRun';
import { useMay } from '@/api/session';
import { firstRun } from '@/strings/en/firstRun';

/** The way back to the set-up, for whoever opens an installation that has no key yet. It is in the bar, where nothing moves for it. */
export function ResumeSetup() {
  const may = useMay();
  const fresh = useFresh(may('claviger:keys.create') && may('claviger:keys.read'));
  if (!fresh) return null;
  return <LinkButton variant="accent" href="/welcome">{firstRun.resume}</LinkButton>;
}
