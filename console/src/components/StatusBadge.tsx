import { Badge, type BadgeProps } from '@react-spectrum/s2/Badge';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { common } from '@/strings/en/common';

const variants: Record<string, BadgeProps['variant']> = {
  active: 'positive',
  current: 'positive',
  expiring_soon: 'notice',
  retiring: 'notice',
  invited: 'informative',
  expired: 'negative',
  suspended: 'negative',
};

/** A status as a coloured badge; the text says it all, the colour only helps. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <span className={style({ display: 'inline-flex', verticalAlign: 'middle' })}>
      <Badge variant={variants[status] ?? 'neutral'} fillStyle="subtle" size="S" overflowMode="truncate">
        {common.status[status] ?? status}
      </Badge>
    </span>
  );
}
