import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { ReactNode } from 'react';
import { differences, isInstant, plain, type Changed } from './difference';
import { instant } from './format';
import { difference as words } from '@/strings/en/difference';

const cell = style({ font: 'ui', paddingX: 12, paddingY: 8, textAlign: 'start', verticalAlign: 'top', borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-200' });
const wide = style({ minWidth: 128 });
const head = style({ font: 'ui-sm', fontWeight: 'medium', color: 'neutral-subdued', paddingX: 12, paddingY: 8, textAlign: 'start' });
const quiet = style({ color: 'neutral-subdued' });
const chip = style({
  display: 'inline-block',
  font: 'code-sm',
  paddingX: 4,
  borderRadius: 'sm',
  backgroundColor: { default: 'positive-subtle', isGone: 'negative-subtle' },
  textDecoration: { default: 'none', isGone: 'line-through' },
  color: 'neutral',
});

function Value({ value }: { value: unknown }) {
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  const text = isInstant(value) ? instant(value) : plain(value);
  if (!text) return <span className={quiet}>{words.none}</span>;
  return <span className={typeof value === 'object' && value !== null ? `name ${style({ font: 'code-sm' })}` : 'name'}>{text}</span>;
}

function Chips({ texts, isGone, said }: { texts: readonly string[]; isGone: boolean; said: string }) {
  return (
    <span className={style({ display: 'flex', flexWrap: 'wrap', gap: 4 })}>
      {texts.map((text) => (
        <span key={text} className={`name ${chip({ isGone })}`}>
          <span className="spoken">{said} </span>
          {text}
        </span>
      ))}
    </span>
  );
}

function cells(change: Changed): [ReactNode, ReactNode] {
  const { before, after, added, removed } = change;
  if (added.length + removed.length === 0) return [<Value key="before" value={before} />, <Value key="after" value={after} />];
  const all = Array.isArray(after) ? after.length : 0;
  const kept = all - added.length;
  return [
    removed.length > 0 ? <Chips key="before" texts={removed} isGone said={words.removed} /> : <span key="before" className={quiet}>{kept > 0 ? words.kept(kept) : words.none}</span>,
    added.length > 0 ? <Chips key="after" texts={added} isGone={false} said={words.added} /> : <span key="after" className={quiet}>{kept > 0 ? words.kept(kept) : words.none}</span>,
  ];
}

/** A difference by field: before and after. `name` tells fields in the reader's words. */
export function Difference({ changes, name = (field) => field.replace(/_/g, ' ') }: { changes: unknown; name?: (field: string) => string }) {
  const all = differences(changes);
  if (all.length === 0) return <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{words.nothing}</p>;
  // Where something was made there is no before, and no empty column for it.
  const made = all.every((change) => change.before === undefined);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard (WCAG 2.1.1)
    <section className={style({ overflowX: 'auto', borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg' })} tabIndex={0} aria-label={words.title}>
      <table className={style({ width: 'full', borderSpacing: 0, borderCollapse: 'collapse' })}>
        <thead>
          <tr>
            <th scope="col" className={head}>{words.field}</th>
            {!made && <th scope="col" className={head}>{words.before}</th>}
            <th scope="col" className={head}>{words.after}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((change) => {
            const [before, after] = cells(change);
            return (
              <tr key={change.field}>
                <th scope="row" className={`${cell} ${style({ fontWeight: 'medium', minWidth: 112 })}`}>{name(change.field)}</th>
                {!made && <td className={`${cell} ${wide}`}>{before}</td>}
                <td className={`${cell} ${wide}`}>{after}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
