import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import type { Step } from './steps';
import { AuthFrame } from '@/components/AuthFrame';
import { firstRun as words } from '@/strings/en/firstRun';

interface Props {
  step: Step;
  steps: readonly Step[];
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

/** A step of the first run, with how far one is. */
export function StepFrame({ step, steps, title, lead, children }: Props) {
  const at = steps.indexOf(step);
  return (
    <AuthFrame title={title} lead={lead}>
      {steps.length > 1 && (
        <div>
          <div className={style({ display: 'flex', gap: 4, marginBottom: 4 })} aria-hidden="true">
            {steps.map((one, place) => (
              <span key={one} className={style({ flexGrow: 1, height: 4, borderRadius: 'full', backgroundColor: { default: 'gray-200', isDone: 'accent' } })({ isDone: place <= at })} />
            ))}
          </div>
          <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0 })}>{`${words.step(at + 1, steps.length)} · ${words.names[step]}`}</p>
        </div>
      )}
      {children}
    </AuthFrame>
  );
}
