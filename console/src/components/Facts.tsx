import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton';
import { common } from '@/strings/en/common';

export interface Fact {
  label: string;
  value: ReactNode;
  /** Takes the whole width. */
  wide?: boolean;
}

/** What is known of a thing, as names and values. An empty value is told as none. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl
      className={style({
        margin: 0,
        display: 'grid',
        columnGap: 24,
        rowGap: 16,
        gridTemplateColumns: { default: ['minmax(0, 1fr)'], sm: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] },
      })}>
      {facts.map(({ label, value, wide }) => (
        <div key={label} className={style({ minWidth: 0, gridColumnStart: { isWide: 1 }, gridColumnEnd: { isWide: -1 } })({ isWide: wide === true })}>
          <dt className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{label}</dt>
          <dd className={`name ${style({ font: 'ui', margin: 0, marginTop: 4 })}`}>
            {value === null || value === undefined || value === '' ? <span className={style({ color: 'neutral-subdued' })}>{common.none}</span> : value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** An id or another text of the machine, with a button beside it that copies it. */
export function Code({ text, what }: { text: string; what: string }) {
  return (
    <span className={style({ display: 'flex', alignItems: 'center', gap: 4 })}>
      <code className={style({ font: 'code-sm', overflowWrap: 'anywhere' })}>{text}</code>
      <CopyButton text={text} what={what} size="XS" />
    </span>
  );
}
