import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { named } from './named';
import type { Bar as Stack, Step } from './usage';
import { count, shortCount } from '@/components/format';
import { usage as words } from '@/strings/en/usage';

/** In base.css, for light and dark. */
const colour = (at: number) => `var(--chart-${Math.min(at, 5)})`;

interface Shown {
  active?: boolean;
  label?: string | number;
  payload?: readonly { name?: string | number; value?: unknown; color?: string }[];
}

function Tip({ active, label, payload, step }: Shown & { step: Step }) {
  if (!active || !payload || payload.length === 0) return null;
  return (
    <div className={style({ backgroundColor: 'elevated', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg', padding: 12, font: 'ui-sm', boxShadow: 'elevated' })}>
      <div className={style({ fontWeight: 'medium' })}>{named(step)(Number(label))}</div>
      {payload.filter((one) => Number(one.value) > 0).map((one) => (
        <div key={String(one.name)} className={`tabular ${style({ display: 'flex', gap: 16, justifyContent: 'space-between' })}`}>
          <span>{words.codes[String(one.name)] ?? one.name}</span>
          <span>{count(Number(one.value))}</span>
        </div>
      ))}
    </div>
  );
}

/** Bars by outcome. The same numbers stand in a table below (UsagePanel.tsx), for whoever does not see the picture. */
export default function UsageChart({ bars, codes, step }: { bars: readonly Stack[]; codes: readonly string[]; step: Step }) {
  return (
    <div aria-hidden="true" className={style({ display: 'flex', flexDirection: 'column', gap: 12 })}>
      <div className={style({ height: 280, font: 'ui-sm' })}>
        <ResponsiveContainer width="100%" height="100%">
          <BarChart data={[...bars]} margin={{ top: 8, right: 8, bottom: 0, left: 0 }} barCategoryGap="20%" accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--chart-grid)" />
            <XAxis dataKey="at" tickFormatter={named(step)} tickLine={false} axisLine={false} minTickGap={32} tick={{ fill: 'var(--chart-text)', fontSize: 12 }} />
            <YAxis tickFormatter={shortCount} allowDecimals={false} tickLine={false} axisLine={false} width={48} tick={{ fill: 'var(--chart-text)', fontSize: 12 }} />
            <Tooltip content={<Tip step={step} />} cursor={{ fill: 'var(--chart-grid)', opacity: 0.5 }} />
            {codes.map((code, at) => (
              <Bar key={code} name={code} dataKey={(bar: Stack) => bar.counts[code] ?? 0} stackId="all" fill={colour(at)} isAnimationActive={false} maxBarSize={40} />
            ))}
          </BarChart>
        </ResponsiveContainer>
      </div>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexWrap: 'wrap', columnGap: 20, rowGap: 8, font: 'ui-sm' })}>
        {codes.map((code, at) => (
          <li key={code} className={style({ display: 'flex', alignItems: 'center', gap: 8 })}>
            <svg width="10" height="10"><rect width="10" height="10" rx="3" fill={colour(at)} /></svg>
            {words.codes[code] ?? code}
          </li>
        ))}
      </ul>
    </div>
  );
}
