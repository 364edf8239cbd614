import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Text } from '@react-spectrum/s2/Text';
import { Form } from '@react-spectrum/s2/Form';
import { Menu, MenuItem, MenuTrigger } from '@react-spectrum/s2/Menu';
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { DialogTrigger } from '@react-spectrum/s2/Dialog';
import { Popover } from '@react-spectrum/s2/Popover';
import { SearchField } from '@react-spectrum/s2/SearchField';
import { Tag, TagGroup } from '@react-spectrum/s2/TagGroup';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Filter from '@react-spectrum/s2/icons/Filter';
import ViewList from '@react-spectrum/s2/icons/Properties';
import { useEffect, useState } from 'react';
import { chosen, offered } from './columns';
import { filterNames, tagNames, type KeysState, type SetKeysState } from './state';
import { useDebounced } from '@/hooks/useDebounced';
import { useMay } from '@/api/session';
import { keys as words } from '@/strings/en/keys';

const statuses = Object.entries(words.statusChoices).map(([id, name]) => ({ id, name }));

function Search({ state, setState }: { state: KeysState; setState: SetKeysState }) {
  const [text, setText] = useState(state.q);
  const still = useDebounced(text);
  const { q } = state;
  // What is typed goes into the address once it is still; what the address says otherwise goes into the field.
  useEffect(() => {
    if (still !== q) setState({ q: still });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what is typed leads
  }, [still]);
  useEffect(() => setText(q), [q]);
  return (
    <SearchField
      aria-label={words.search}
      placeholder={words.searchPlaceholder}
      value={text}
      onChange={setText}
      onClear={() => setState({ q: '' })}
      styles={style({ width: { default: 'full', sm: 320 } })}
    />
  );
}

function Filters({ state, setState }: { state: KeysState; setState: SetKeysState }) {
  const [isOpen, setOpen] = useState(false);
  const [draft, setDraft] = useState(state);
  const used = filterNames.filter((name) => state[name]).length;
  return (
    <DialogTrigger
      isOpen={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        if (open) setDraft(state);
      }}>
      <ActionButton>
        <Filter />
        <Text>{used > 0 ? `${words.moreFilters} (${used})` : words.moreFilters}</Text>
      </ActionButton>
      <Popover placement="bottom start" hideArrow styles={style({ width: 320 })}>
          <Form
            onSubmit={(event) => {
              event.preventDefault();
              setState(Object.fromEntries(filterNames.map((name) => [name, draft[name].trim()])));
              setOpen(false);
            }}>
            {filterNames.map((name) => (
              <TextField
                key={name}
                label={words.filterBy[name]}
                description={words.filterHelp[name]}
                value={draft[name]}
                onChange={(value) => setDraft({ ...draft, [name]: value })}
                autoComplete="off"
              />
            ))}
            <ButtonGroup>
              <Button type="submit" variant="accent">{words.apply}</Button>
            </ButtonGroup>
          </Form>
      </Popover>
    </DialogTrigger>
  );
}

function Columns({ state, setState }: { state: KeysState; setState: SetKeysState }) {
  const may = useMay();
  const columns = offered(may('claviger:usage.read'));
  const shown = chosen(state.columns, columns).map((column) => column.name);
  return (
    <MenuTrigger>
      <ActionButton>
        <ViewList />
        <Text>{words.chooseColumns}</Text>
      </ActionButton>
      <Menu
        aria-label={words.chooseColumns}
        selectionMode="multiple"
        selectedKeys={shown}
        disabledKeys={['name']}
        onSelectionChange={(keys) => {
          const next = columns.filter((column) => keys === 'all' || keys.has(column.name));
          const usual = next.every((column) => column.usual) && next.length === columns.filter((column) => column.usual).length;
          setState({ columns: usual ? '' : next.map((column) => column.name).join(',') });
        }}>
        {columns.map((column) => (
          <MenuItem key={column.name} id={column.name}>{words.columns[column.name]}</MenuItem>
        ))}
      </Menu>
    </MenuTrigger>
  );
}

/** Search, status, filters and columns; all of it is in the address. */
export function Toolbar({ state, setState }: { state: KeysState; setState: SetKeysState }) {
  const used = tagNames.filter((name) => state[name]);
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 8, marginBottom: 12 })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8 })}>
        <Search state={state} setState={setState} />
        <Picker aria-label={words.status} value={state.status} onChange={(status) => setState({ status: String(status) })} items={statuses} styles={style({ width: 152 })}>
          {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
        </Picker>
        <Filters state={state} setState={setState} />
        <Columns state={state} setState={setState} />
      </div>
      {used.length > 0 && (
        <TagGroup
          aria-label={words.moreFilters}
          size="S"
          groupActionLabel={words.clear}
          onGroupAction={() => setState(Object.fromEntries(tagNames.map((name) => [name, ''])))}
          onRemove={(removed) => setState(Object.fromEntries([...removed].map((name) => [name, ''])))}>
          {used.map((name) => (
            <Tag key={name} id={name} textValue={`${words.filterBy[name]}: ${state[name]}`}>{`${words.filterBy[name]}: ${state[name]}`}</Tag>
          ))}
        </TagGroup>
      )}
    </div>
  );
}

