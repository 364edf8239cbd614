import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { CheckboxGroup } from '@react-spectrum/s2/CheckboxGroup';
import { NumberField } from '@react-spectrum/s2/NumberField';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Switch } from '@react-spectrum/s2/Switch';
import { TextArea } from '@react-spectrum/s2/TextArea';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import type { Setting } from './settings';
import { secondsOf, spanText, tell } from './values';
import { policy as words } from '@/strings/en/policy';

interface Props {
  setting: Setting;
  value: unknown;
  fault?: string;
  label: string;
  onChange: (value: unknown) => void;
}

const width = style({ width: { default: 'full', sm: 288 } });

/** An object of the API, as it is typed. */
function rateText(value: unknown): string {
  if (typeof value === 'string') return value;
  const rate = value as { limit: number; window: string; burst?: number | null } | null;
  return rate ? `${rate.limit}/${rate.window}${rate.burst ? ` burst ${rate.burst}` : ''}` : '';
}

function QuotaControl({ value, label, onChange }: Props) {
  const quota = value as { limit: number; per: string; timezone?: string | null } | null;
  const periods = Object.entries(words.per).map(([id, name]) => ({ id, name }));
  return (
    <div className={style({ display: 'flex', flexWrap: 'wrap', gap: 8 })}>
      <NumberField
        aria-label={`${label}: ${words.quotaLimit}`}
        minValue={1}
        placeholder={words.noLimit}
        value={quota?.limit ?? NaN}
        onChange={(limit) => onChange(Number.isNaN(limit) ? null : { ...quota, limit, per: quota?.per ?? 'month' })}
        styles={style({ width: 144 })}
      />
      <Picker aria-label={`${label}: ${words.quotaPer}`} isDisabled={!quota} value={quota?.per ?? 'month'} onChange={(per) => quota && onChange({ ...quota, per: String(per) })} items={periods} styles={style({ width: 128 })}>
        {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
      </Picker>
    </div>
  );
}

/** Texts that become a value only as a whole are kept as they are typed. */
function Typed({ value, fault, label, onChange, text, read, area = false, hint }: Props & { text: (value: unknown) => string; read: (text: string) => unknown; area?: boolean; hint?: string }) {
  const [typed, setTyped] = useState(text(value));
  const common = {
    'aria-label': label,
    value: typed,
    description: hint,
    isInvalid: fault !== undefined,
    errorMessage: fault,
    placeholder: undefined,
    styles: width,
    onChange: (next: string) => {
      setTyped(next);
      onChange(read(next));
    },
  };
  return area ? <TextArea {...common} /> : <TextField {...common} autoComplete="off" spellCheck="false" />;
}

const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean);
const orNull = (text: string) => text.trim() || null;
const daysOf = (text: string) => text.split(',').map((day) => day.trim()).filter(Boolean).map((day) => (/^\d+$/.test(day) ? Number(day) : day));

/** What a setting is changed by. */
export function Control(props: Props) {
  const { setting, value, fault, label, onChange } = props;
  const { path, kind } = setting;
  const choices = Object.entries(words.choices[path] ?? {}).map(([id, name]) => ({ id, name }));
  switch (kind) {
    case 'choice':
      return (
        <Picker aria-label={label} value={String(value)} onChange={(next) => onChange(String(next))} items={choices} isInvalid={fault !== undefined} errorMessage={fault} styles={width}>
          {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
        </Picker>
      );
    case 'choices':
      return (
        <CheckboxGroup aria-label={label} value={value as string[]} onChange={onChange} isInvalid={fault !== undefined} errorMessage={fault}>
          {choices.map((one) => <Checkbox key={one.id} value={one.id}>{one.name}</Checkbox>)}
        </CheckboxGroup>
      );
    case 'switch':
      return <Switch aria-label={label} isSelected={value === true} onChange={onChange}>{value === true ? words.yes : words.no}</Switch>;
    case 'number':
    case 'number?':
      return (
        <NumberField
          aria-label={label}
          minValue={1}
          placeholder={kind === 'number?' ? tell(path, null) : undefined}
          value={typeof value === 'number' ? value : NaN}
          onChange={(next) => onChange(Number.isNaN(next) ? null : next)}
          isInvalid={fault !== undefined}
          errorMessage={fault}
          styles={style({ width: 144 })}
        />
      );
    case 'span':
    case 'span?': {
      const hint = value === null ? `${tell(path, null)} · ${words.spanHelp}` : secondsOf(value) === undefined ? words.spanHelp : spanText(String(value));
      return <Typed {...props} text={(span) => (span === null ? '' : String(span))} read={kind === 'span' ? (text) => text.trim() : orNull} hint={hint} />;
    }
    case 'rate?':
      return <Typed {...props} text={rateText} read={orNull} hint={words.rateHelp} />;
    case 'quota?':
      return <QuotaControl {...props} />;
    case 'lines':
      return <Typed {...props} text={(list) => (list as string[]).join('\n')} read={lines} area />;
    case 'text?':
      return <Typed {...props} text={(text) => (text === null ? '' : String(text))} read={orNull} />;
    case 'days':
      return <Typed {...props} text={(list) => (list as number[]).join(', ')} read={daysOf} />;
    default:
      return <Typed {...props} text={String} read={(text) => text.trim()} />;
  }
}
