import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Button } from '@react-spectrum/s2/Button';
import { ComboBox, ComboBoxItem } from '@react-spectrum/s2/ComboBox';
import { DatePicker } from '@react-spectrum/s2/DatePicker';
import { DialogTrigger } from '@react-spectrum/s2/Dialog';
import { Form } from '@react-spectrum/s2/Form';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { Popover } from '@react-spectrum/s2/Popover';
import { Tag, TagGroup } from '@react-spectrum/s2/TagGroup';
import { Text } from '@react-spectrum/s2/Text';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Filter from '@react-spectrum/s2/icons/Filter';
import { parseDate, type CalendarDate } from '@internationalized/date';
import { useState } from 'react';
import { defaults, isFiltered, type AuditState, type SetAuditState } from './state';
import { actionName, audit as words } from '@/strings/en/audit';

interface Props {
  state: AuditState;
  setState: SetAuditState;
}

const anything = 'any';
const actions = [{ id: anything, name: words.anything }, ...Object.entries(words.actions).map(([id, name]) => ({ id, name: name ?? id }))];
const ranges = Object.entries(words.ranges).map(([id, name]) => ({ id, name }));
const ids = ['actor', 'target'] as const;

function dayOf(text: string): CalendarDate | null {
  try {
    return parseDate(text);
  } catch {
    return null;
  }
}

function Ids({ state, setState }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [draft, setDraft] = useState(state);
  return (
    <DialogTrigger
      isOpen={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        if (open) setDraft(state);
      }}>
      <ActionButton>
        <Filter />
        <Text>{words.more}</Text>
      </ActionButton>
      <Popover placement="bottom start" hideArrow styles={style({ width: 320 })}>
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            setState({ actor: draft.actor.trim(), target: draft.target.trim() });
            setOpen(false);
          }}>
          {ids.map((name) => (
            <TextField key={name} label={words.filterBy[name]} description={words.filterHelp[name]} value={draft[name]} onChange={(value) => setDraft({ ...draft, [name]: value })} autoComplete="off" />
          ))}
          <Button type="submit" variant="accent">{words.apply}</Button>
        </Form>
      </Popover>
    </DialogTrigger>
  );
}

/** Action, time, who and on what. */
export function Toolbar({ state, setState }: Props) {
  const used = ids.filter((name) => state[name]);
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 8, marginBottom: 12 })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: 8 })}>
        <ComboBox
          aria-label={words.action}
          defaultItems={actions}
          selectedKey={state.action || anything}
          onSelectionChange={(key) => setState({ action: key === anything || key === null ? '' : String(key) })}
          styles={style({ width: 240 })}>
          {(one) => <ComboBoxItem id={one.id} textValue={one.name}>{one.name}</ComboBoxItem>}
        </ComboBox>
        <Picker aria-label={words.when} value={state.range} onChange={(range) => setState({ range: String(range), from: '', to: '' })} items={ranges} styles={style({ width: 184 })}>
          {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
        </Picker>
        {state.range === 'custom' && (
          <>
            <DatePicker aria-label={words.from} value={dayOf(state.from)} onChange={(day) => setState({ from: day?.toString() ?? '' })} />
            <DatePicker aria-label={words.to} value={dayOf(state.to)} onChange={(day) => setState({ to: day?.toString() ?? '' })} />
          </>
        )}
        <Ids state={state} setState={setState} />
        {isFiltered(state) && used.length === 0 && <ActionButton isQuiet onPress={() => setState(defaults)}>{words.clear}</ActionButton>}
      </div>
      {used.length > 0 && (
        <TagGroup
          aria-label={words.more}
          size="S"
          groupActionLabel={words.clear}
          onGroupAction={() => setState(defaults)}
          onRemove={(removed) => setState(Object.fromEntries([...removed].map((name) => [name, ''])))}>
          {used.map((name) => (
            <Tag key={name} id={name} textValue={`${words.filterBy[name]}: ${state[name]}`}>{`${words.filterBy[name]}: ${state[name]}`}</Tag>
          ))}
        </TagGroup>
      )}
      {state.action && !(state.action in words.actions) && <span className={style({ font: 'ui-sm' })}>{actionName(state.action)}</span>}
    </div>
  );
}
