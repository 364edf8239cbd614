import { Content } from '@react-spectrum/s2/Content';
import { DatePicker } from '@react-spectrum/s2/DatePicker';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { getLocalTimeZone, parseDate, today } from '@internationalized/date';
import { choices, latest, type Choice, type Expiry } from './expiry';
import type { components } from '@/api/schema';
import { day } from '@/components/format';
import { common } from '@/strings/en/common';
import { keyForm as words } from '@/strings/en/keyForm';

interface Props {
  policy: components['schemas']['ExpiryPolicy'];
  value: Expiry;
  /** The end that the key has; of a key that is edited. */
  current?: string | null;
  isEdit?: boolean;
  onChange: (value: Expiry) => void;
}

function named(choice: Choice, { policy, current }: Props): string {
  if (choice === 'default' && policy.default) return words.defaultSpan(policy.default);
  if (choice === 'keep') return words.keeps(current ? day(current) : common.never);
  return words.expiryChoices[choice];
}

/** When the key ends; never only after a warning. */
export function ExpiryField(props: Props) {
  const { policy, value, isEdit = false, onChange } = props;
  const least = today(getLocalTimeZone()).add({ days: 1 });
  const most = latest(policy);
  const open = choices(policy).filter((one) => !isEdit || one !== 'default');
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      <RadioGroup label={words.expiry} value={value.choice} onChange={(choice) => onChange({ choice: choice as Choice, date: value.date ?? least.add({ days: 89 }).toString() })}>
        {[...(isEdit ? (['keep'] as const) : []), ...open].map((one) => <Radio key={one} value={one}>{named(one, props)}</Radio>)}
      </RadioGroup>
      {value.choice === 'date' && (
        <DatePicker
          label={words.date}
          value={value.date ? parseDate(value.date) : null}
          onChange={(date) => onChange({ choice: 'date', date: date?.toString() })}
          minValue={least}
          maxValue={most ? parseDate(most) : undefined}
          isRequired
        />
      )}
      {value.choice === 'never' && (
        <InlineAlert variant="notice" fillStyle="subtleFill">
          <Heading>{words.neverTitle}</Heading>
          <Content>{words.never}</Content>
        </InlineAlert>
      )}
    </div>
  );
}
