import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';

/** A part of a page under a heading. */
export function Block({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <section className={style({ display: 'flex', flexDirection: 'column', gap: 12 })}>
      <div>
        <h2 className={style({ font: 'title', margin: 0 })}>{title}</h2>
        {lead && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0, marginTop: 4 })}>{lead}</p>}
      </div>
      {children}
    </section>
  );
}
