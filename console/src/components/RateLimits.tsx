// Rate limits: as they are shown, and as they are edited.
import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Text } from '@react-spectrum/s2/Text';
import { NumberField } from '@react-spectrum/s2/NumberField';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Add from '@react-spectrum/s2/icons/Add';
import Delete from '@react-spectrum/s2/icons/Delete';
import type { components } from '@/api/schema';
import { lists } from '@/strings/en/lists';

export type RateLimit = components['schemas']['RateLimit'];
export type EditedLimit = components['schemas']['NewRateLimit'];

const words = lists.limits;

export function RateLimitsShown({ limits }: { limits: readonly RateLimit[] }) {
  if (limits.length === 0) return <span className={style({ color: 'neutral-subdued' })}>{words.none}</span>;
  return (
    <ul className={style({ listStyleType: 'none', margin: 0, padding: 0 })}>
      {limits.map((one) => (
        <li key={one.name}>
          <span className="name">{one.name}</span>
          <span className={style({ color: 'neutral-subdued' })}>{` · ${words.one(one.limit, one.window)}${one.burst ? ` · ${words.burstOf(one.burst)}` : ''}`}</span>
        </li>
      ))}
    </ul>
  );
}

export function RateLimitsField({ value, onChange }: { value: readonly EditedLimit[]; onChange: (limits: EditedLimit[]) => void }) {
  const set = (at: number, patch: Partial<EditedLimit>) => onChange(value.map((one, i) => (i === at ? { ...one, ...patch } : one)));
  return (
    <fieldset className={style({ margin: 0, padding: 0, borderStyle: 'none', minWidth: 0, display: 'flex', flexDirection: 'column', gap: 12 })}>
      <legend className={style({ font: 'ui', color: 'neutral-subdued', padding: 0, marginBottom: 8 })}>{words.title}</legend>
      {value.map((one, at) => (
        <div key={at} className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: 8 })}>
          <TextField label={words.name} isRequired value={one.name} onChange={(name) => set(at, { name })} styles={style({ width: 128 })} />
          <NumberField label={words.limit} isRequired hideStepper minValue={1} value={one.limit} onChange={(limit) => set(at, { limit })} styles={style({ width: 112 })} />
          <TextField label={words.window} isRequired value={one.window} onChange={(window) => set(at, { window })} styles={style({ width: 80 })} />
          <NumberField label={words.burst} hideStepper minValue={1} value={one.burst ?? Number.NaN} onChange={(burst) => set(at, { burst: Number.isNaN(burst) ? null : burst })} styles={style({ width: 96 })} />
          <ActionButton isQuiet aria-label={words.remove(one.name)} onPress={() => onChange(value.filter((_, i) => i !== at))}><Delete /></ActionButton>
        </div>
      ))}
      <div className={style({ display: 'flex', alignItems: 'center', gap: 12 })}>
        <ActionButton isDisabled={value.length >= 16} onPress={() => onChange([...value, { name: value.length === 0 ? 'requests' : '', limit: 100, window: '1m', burst: null }])}>
          <Add />
          <Text>{words.add}</Text>
        </ActionButton>
        <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.windowHelp}</span>
      </div>
    </fieldset>
  );
}
