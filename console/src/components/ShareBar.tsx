import { style } from '@react-spectrum/s2/style' with { type: 'macro' };

interface Props {
  label: string;
  /** The share in words, which say it all. */
  told: string;
  /** From 0 to 1. */
  share: number;
  tone: 'good' | 'warning' | 'bad';
}

/** A share as a bar under its words. Spectrum's Meter has a pair of roles that axe takes for none, so the bar here is an ornament. */
export function ShareBar({ label, told, share, tone }: Props) {
  return (
    <div className={style({ font: 'ui' })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', columnGap: 12 })}>
        <span className="name">{label}</span>
        <span className={`tabular ${style({ color: 'neutral-subdued' })}`}>{told}</span>
      </div>
      <div aria-hidden="true" className={style({ height: 6, marginTop: 4, borderRadius: 'full', backgroundColor: 'gray-200', overflow: 'hidden' })}>
        <div
          className={style({ height: 'full', borderRadius: 'full', backgroundColor: { default: 'green-800', tone: { warning: 'orange-800', bad: 'red-800' } } })({ tone })}
          style={{ width: `${share > 0 ? Math.min(100, Math.max(0.5, share * 100)) : 0}%` }}
        />
      </div>
    </div>
  );
}
