import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useId, type ReactNode } from 'react';

/** A part of the page in a frame. */
export function Section({ title, lead, actions, children }: { title: string; lead?: string; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg', padding: { default: 16, sm: 20 }, display: 'flex', flexDirection: 'column', gap: 16 })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 12 })}>
        <div className={style({ flexGrow: 1 })}>
          <h2 id={id} className={style({ font: 'title', margin: 0 })}>{title}</h2>
          {lead && <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0 })}>{lead}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** A line of a part: what it is, how it stands, and what can be done. */
export function Line({ label, children, actions }: { label: string; children: ReactNode; actions?: ReactNode }) {
  return (
    <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 16, rowGap: 8 })}>
      <div className={style({ flexGrow: 1, flexBasis: 0, minWidth: 224, display: 'flex', flexDirection: 'column' })}>
        <span className={style({ font: 'ui', fontWeight: 'medium' })}>{label}</span>
        <span className={style({ font: 'ui', color: 'neutral-subdued' })}>{children}</span>
      </div>
      {actions}
    </div>
  );
}
