import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useId, type ReactNode } from 'react';

/** A part of a page with a heading of its own. */
export function Section({ title, lead, actions, children }: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className={style({
        boxSizing: 'border-box',
        minWidth: 0,
        display: 'flex',
        flexDirection: 'column',
        gap: 16,
        padding: { default: 16, sm: 20 },
        borderRadius: 'lg',
        borderStyle: 'solid',
        borderWidth: 1,
        borderColor: 'gray-200',
      })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8 })}>
        <div className={style({ flexGrow: 1, display: 'flex', flexDirection: 'column', gap: 4 })}>
          <h2 id={id} className={style({ font: 'title', margin: 0 })}>{title}</h2>
          {lead && <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0, maxWidth: 640 })}>{lead}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** Sections below one another; with `aside`, in two columns where there is room. */
export function Sections({ children, aside }: { children: ReactNode; aside?: ReactNode }) {
  const column = style({ display: 'flex', flexDirection: 'column', gap: 16, minWidth: 0 });
  if (!aside) return <div className={column}>{children}</div>;
  return (
    <div className={style({ display: 'grid', gap: 16, gridTemplateColumns: { default: ['minmax(0, 1fr)'], xl: ['minmax(0, 2fr)', 'minmax(0, 1fr)'] } })}>
      <div className={column}>{children}</div>
      <div className={column}>{aside}</div>
    </div>
  );
}

/** What lies behind a tab, at a distance from it. */
export function Panel({ children }: { children: ReactNode }) {
  return <div className={style({ paddingTop: 20 })}>{children}</div>;
}
