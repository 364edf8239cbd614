import { style } from '@react-spectrum/s2/style' with { type: 'macro' };

const width = 84;
const height = 20;

/** A key's days as a little line, and in words for whoever does not see it. */
export function Sparkline({ admitted, refused, told }: { admitted: readonly number[]; refused: readonly number[]; told: string }) {
  const days = admitted.map((count, day) => count + (refused[day] ?? 0));
  const most = Math.max(1, ...days);
  const bar = width / Math.max(1, days.length);
  const tall = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * (height - 1)));
  return (
    <span title={told} className={style({ display: 'inline-flex', alignItems: 'center' })}>
      <svg aria-hidden="true" width={width} height={height}>
        <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--chart-grid)" />
        {days.map((count, day) => {
          const bad = refused[day] ?? 0;
          const whole = tall(count);
          const red = count === 0 ? 0 : (whole * Math.min(bad, count)) / count;
          return (
            // oxlint-disable-next-line no-array-index-key -- a day has no other name
            <g key={day}>
              <rect x={day * bar + 0.5} width={bar - 1} y={height - whole} height={Math.max(0, whole - red)} rx="1" fill="var(--chart-0)" />
              {red > 0 && <rect x={day * bar + 0.5} width={bar - 1} y={height - red} height={red} rx="1" fill="var(--chart-2)" />}
            </g>
          );
        })}
      </svg>
      <span className="spoken">{told}</span>
    </span>
  );
}
