import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Loading } from '@/components/states';

/** In the place of a usage panel that comes, and as high, so that nothing below it jumps. */
export function UsageLoading() {
  return <div className={style({ display: 'flex', flexDirection: 'column', minHeight: { default: 1096, lg: 742 } })}><Loading /></div>;
}
