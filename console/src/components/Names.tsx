import { style } from '@react-spectrum/s2/style' with { type: 'macro' };

const quiet = style({ color: 'neutral-subdued' });

/** The first of some names, and how many more there are; all of them where the pointer rests. */
export function Names({ names }: { names: readonly string[] }) {
  const [first, ...rest] = names;
  if (first === undefined) return <span className={quiet}>–</span>;
  return (
    <span className="name" title={names.join(', ')}>
      {first}
      {rest.length > 0 && <span className={quiet}>{` +${rest.length}`}</span>}
    </span>
  );
}
