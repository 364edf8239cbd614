import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { common } from '@/strings/en/common';

export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="8" className={style({ fill: 'accent' })} />
      <circle cx="12" cy="16" r="4.5" fill="none" stroke="#fff" strokeWidth="3" />
      <path d="M16.5 16H26m-3.5 0v4.5" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}

export function Logo() {
  return (
    <span className={style({ display: 'inline-flex', alignItems: 'center', gap: 8, font: 'title', fontWeight: 'bold' })}>
      <Mark />
      {common.product}
    </span>
  );
}
