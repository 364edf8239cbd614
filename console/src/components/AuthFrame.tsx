import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useEffect, type ReactNode } from 'react';
import { Mark } from '@/shell/Logo';
import { common } from '@/strings/en/common';

/** The page of whoever is not in yet: one card in the middle. */
export function AuthFrame({ title, lead, children }: { title: string; lead?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · ${common.product}`;
  }, [title]);
  return (
    <main
      className={style({
        display: 'flex',
        flexDirection: 'column',
        alignItems: 'center',
        justifyContent: { default: 'start', sm: 'center' },
        boxSizing: 'border-box',
        minHeight: 'full',
        flexGrow: 1,
        paddingX: 16,
        paddingY: 32,
        backgroundColor: 'layer-1',
      })}>
      <div
        className={style({
          boxSizing: 'border-box',
          width: 'full',
          maxWidth: 416,
          display: 'flex',
          flexDirection: 'column',
          gap: 24,
          padding: { default: 24, sm: 40 },
          backgroundColor: 'elevated',
          borderRadius: 'xl',
          borderStyle: 'solid',
          borderWidth: 1,
          borderColor: 'gray-200',
          boxShadow: 'elevated',
        })}>
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 8 })}>
          <div className={style({ marginBottom: 12 })}>
            <Mark size={36} />
          </div>
          <h1 className={style({ font: 'heading', margin: 0 })}>{title}</h1>
          {lead && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{lead}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}
