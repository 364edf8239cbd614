import { Tooltip, TooltipTrigger } from '@react-spectrum/s2/Tooltip';
import { useSyncExternalStore } from 'react';
import { Focusable } from 'react-aria-components/Focusable';
import { instant, relative } from './format';

// One clock for all times on the page, so that none grows old while it is looked at.
let now = Date.now();
const readers = new Set<() => void>();
setInterval(() => {
  now = Date.now();
  for (const reader of readers) reader();
}, 30_000);
function subscribe(reader: () => void) {
  readers.add(reader);
  return () => readers.delete(reader);
}

/** “3 min ago”, with the instant where the pointer rests; `title` in tables, where a tooltip for each cell would cost too much. */
export function Time({ at, plain = false }: { at: string; plain?: boolean }) {
  const reading = useSyncExternalStore(subscribe, () => now);
  const text = relative(at, reading, plain ? 'narrow' : 'short');
  if (plain) return <time dateTime={at} title={instant(at)} className="tabular">{text}</time>;
  return (
    <TooltipTrigger delay={200}>
      <Focusable>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the instant must be within reach of the keyboard too */}
        <time dateTime={at} role="note" tabIndex={0} className="tabular">{text}</time>
      </Focusable>
      <Tooltip>{instant(at)}</Tooltip>
    </TooltipTrigger>
  );
}
