import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { NumberField } from '@react-spectrum/s2/NumberField';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Switch } from '@react-spectrum/s2/Switch';
import { Text } from '@react-spectrum/s2/Text';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Add from '@react-spectrum/s2/icons/Add';
import Delete from '@react-spectrum/s2/icons/Delete';
import type { Draft, Limit } from './draft';
import { keyForm as words } from '@/strings/en/keyForm';

const row = style({ display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: 8 });

/** Named rate limits: all of them hold at once. */
export function RateLimitFields({ value, onChange }: { value: readonly Limit[]; onChange: (value: Limit[]) => void }) {
  const change = (at: number, patch: Partial<Limit>) => onChange(value.map((one, i) => (i === at ? { ...one, ...patch } : one)));
  return (
    <section aria-label={words.limits} className={style({ display: 'flex', flexDirection: 'column', gap: 12 })}>
      <div>
        <div className={style({ font: 'ui', fontWeight: 'medium' })}>{words.limits}</div>
        <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.limitsHelp}</div>
      </div>
      {value.map((one, at) => (
        <div key={at} className={row}>
          <TextField label={words.limitName} value={one.name} onChange={(name) => change(at, { name })} isRequired styles={style({ width: 144 })} />
          <NumberField label={words.limitCount} value={one.limit} minValue={1} onChange={(limit) => change(at, { limit })} isRequired styles={style({ width: 144 })} />
          <TextField label={words.limitWindow} value={one.window} onChange={(window) => change(at, { window })} isRequired styles={style({ width: 96 })} />
          <ActionButton isQuiet aria-label={words.removeLimit(one.name)} onPress={() => onChange(value.filter((_, i) => i !== at))}><Delete /></ActionButton>
        </div>
      ))}
      <div>
        <ActionButton onPress={() => onChange([...value, { name: value.length === 0 ? 'requests' : `requests-${value.length + 1}`, limit: 100, window: '1m' }])}>
          <Add />
          <Text>{words.addLimit}</Text>
        </ActionButton>
      </div>
    </section>
  );
}

export function QuotaFields({ value, onChange }: { value: Draft['quota']; onChange: (value: Draft['quota']) => void }) {
  return (
    <section aria-label={words.quota} className={style({ display: 'flex', flexDirection: 'column', gap: 12 })}>
      <Switch isSelected={value !== undefined} onChange={(on) => onChange(on ? { limit: 10_000, per: 'month' } : undefined)}>{words.quotaOn}</Switch>
      {value && (
        <div className={row}>
          <NumberField label={words.quotaLimit} value={value.limit} minValue={1} onChange={(limit) => onChange({ ...value, limit })} isRequired styles={style({ width: 160 })} />
          <Picker label={words.quotaPer} value={value.per} onChange={(per) => onChange({ ...value, per: per as keyof typeof words.periods })} styles={style({ width: 128 })}>
            {Object.entries(words.periods).map(([id, name]) => <PickerItem key={id} id={id}>{name}</PickerItem>)}
          </Picker>
        </div>
      )}
    </section>
  );
}
