import { Breadcrumb, Breadcrumbs } from '@react-spectrum/s2/Breadcrumbs';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useEffect, type ReactNode } from 'react';
import { common } from '@/strings/en/common';

interface Props {
  /** What the page is about; also the document's title. */
  title: string;
  /** Beside the title: a badge. */
  beside?: ReactNode;
  lead?: ReactNode;
  /** The way here, from the list down, without this page. */
  above?: readonly { label: string; href: string }[];
  /** Buttons. */
  actions?: ReactNode;
}

export function PageHeader({ title, beside, lead, above, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · ${common.product}`;
  }, [title]);
  return (
    <header className={style({ display: 'flex', flexDirection: 'column', gap: 8, marginBottom: 20 })}>
      {above && (
        <div className={style({ marginStart: '[-6px]' })}><Breadcrumbs aria-label={common.breadcrumbs}>
          {[...above.map((one) => <Breadcrumb key={one.href} href={one.href}>{one.label}</Breadcrumb>),
            <Breadcrumb key="here">{title}</Breadcrumb>]}
        </Breadcrumbs></div>
      )}
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 12, rowGap: 12 })}>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 4, flexGrow: 1, minWidth: 0 })}>
          <div className={style({ display: 'flex', alignItems: 'center', gap: 12, minWidth: 0 })}>
            <h1 className={`name ${style({ font: 'heading-lg', margin: 0 })}`}>{title}</h1>
            {beside}
          </div>
          {lead && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0, maxWidth: 640 })}>{lead}</p>}
        </div>
        {actions && <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 8 })}>{actions}</div>}
      </div>
    </header>
  );
}

/** The frame of a page. `fill` gives a table all the height that is left. */
export function Page({ children, fill = false }: { children: ReactNode; fill?: boolean }) {
  return (
    <div
      className={style({
        boxSizing: 'border-box',
        display: 'flex',
        flexDirection: 'column',
        width: 'full',
        maxWidth: { default: 1440, isFilled: 'full' },
        minHeight: { default: 'auto', isFilled: 480 },
        height: { default: 'auto', isFilled: 'full' },
        marginX: 'auto',
        paddingX: { default: 16, sm: 24, lg: 40 },
        paddingTop: { default: 20, lg: 32 },
        paddingBottom: { default: 24, lg: 32 },
      })({ isFilled: fill })}>
      {children}
    </div>
  );
}
