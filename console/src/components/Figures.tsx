import { focusRing, style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { Link } from 'react-aria-components/Link';

const card = style({
  ...focusRing(),
  display: 'flex',
  flexDirection: 'column',
  gap: 4,
  padding: 20,
  borderRadius: 'xl',
  borderStyle: 'solid',
  borderWidth: 1,
  borderColor: { default: 'gray-200', isHovered: 'gray-400' },
  textDecoration: 'none',
  color: 'neutral',
  transition: 'default',
});

/** Figures in a row; two beside each other where it is narrow. */
export function Figures({ children }: { children: ReactNode }) {
  return <div className={style({ display: 'grid', gridTemplateColumns: { default: ['1fr', '1fr'], lg: 'repeat(auto-fit, minmax(180px, 1fr))' }, gap: { default: 12, lg: 16 } })}>{children}</div>;
}

/** One figure; with `href` it leads to what it counts. */
export function Figure({ name, value, beside, href }: { name: string; value: string; beside?: ReactNode; href?: string }) {
  const inside = (
    <>
      <span className={style({ font: 'ui', color: 'neutral-subdued' })}>{name}</span>
      <span className={`tabular ${style({ font: 'heading-lg', lineHeight: '[1.2]' })}`}>{value}</span>
      {beside && <span className={`tabular ${style({ font: 'ui-sm', color: 'neutral-subdued' })}`}>{beside}</span>}
    </>
  );
  return href ? <Link href={href} className={card}>{inside}</Link> : <div className={card({ isHovered: false, isFocusVisible: false })}>{inside}</div>;
}
