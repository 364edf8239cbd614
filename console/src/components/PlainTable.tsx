import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';

/** A plain table for a few rows. */
export function PlainTable({ label, head, rows }: { label: string; head: readonly string[]; rows: readonly { id: string; cells: readonly ReactNode[] }[] }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard
    <section aria-label={label} tabIndex={0} className={style({ overflowX: 'auto', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg' })}>
      <table className={style({ width: 'full', font: 'ui', borderCollapse: 'collapse' })}>
        <caption className="spoken">{label}</caption>
        <thead>
          <tr>
            {head.map((one) => <th key={one} scope="col" className={style({ font: 'ui-sm', fontWeight: 'medium', color: 'neutral-subdued', textAlign: 'start', paddingX: 16, paddingY: 8, backgroundColor: 'gray-50', whiteSpace: 'nowrap' })}>{one}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.id}>
              {one.cells.map((cell, at) => (
                <td key={at} className={style({ paddingX: 16, paddingY: 8, verticalAlign: 'top', borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-100' })}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
