import { NumberField } from '@react-spectrum/s2/NumberField';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Switch } from '@react-spectrum/s2/Switch';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import type { Draft } from './draft';
import { keyForm as words } from '@/strings/en/keyForm';

const row = style({ display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: 8 });

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
