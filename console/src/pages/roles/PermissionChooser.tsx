import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { SearchField } from '@react-spectrum/s2/SearchField';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import type { Permission, PermissionGroup } from './catalogue';
import { grantedBy, isPattern } from './patterns';
import { roles as words } from '@/strings/en/roles';

const { fields } = words;

interface Props {
  groups: readonly PermissionGroup[];
  value: readonly string[];
  onChange: (patterns: string[]) => void;
}

/** The patterns of a text, apart by spaces; and the first that is none. */
export function readOthers(text: string): { patterns: string[]; wrong: string | undefined } {
  const patterns = text.split(/[\s,]+/).filter(Boolean);
  return { patterns, wrong: patterns.find((one) => !isPattern(one)) };
}

/** Permissions to tick, by API, with the wildcards that take in whole resources, and a field for whatever else. */
export function PermissionChooser({ groups, value, onChange }: Props) {
  const [search, setSearch] = useState('');
  const offered = new Set(['*', ...groups.flatMap((group) => [...group.wildcards, ...group.permissions.map((one) => one.name)])]);
  const [others, setOthers] = useState(() => value.filter((one) => !offered.has(one)).join(' '));
  const { wrong } = readOthers(others);
  const toggle = (pattern: string, on: boolean) => onChange(on ? [...value, pattern] : value.filter((one) => one !== pattern));
  const found = ({ name, description }: Permission) => `${name} ${description}`.toLowerCase().includes(search.trim().toLowerCase());

  const box = (pattern: string, label: string, description: string) => {
    const own = value.includes(pattern);
    const by = own ? pattern : grantedBy(value, pattern);
    return (
      <Checkbox key={pattern} isSelected={by !== undefined} isDisabled={!own && by !== undefined} onChange={(on) => toggle(pattern, on)}>
        <span className="name">
          {label}
          <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{!own && by !== undefined ? words.by(by) : description}</span>
        </span>
      </Checkbox>
    );
  };

  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      <SearchField aria-label={fields.search} placeholder={fields.search} value={search} onChange={setSearch} styles={style({ width: 'full' })} />
      {search === '' && box('*', fields.everything, fields.everythingHelp)}
      {groups.map((group) => {
        const permissions = group.permissions.filter(found);
        if (permissions.length === 0) return null;
        return (
          <fieldset key={group.id} className={style({ margin: 0, padding: 0, borderStyle: 'none', minWidth: 0, display: 'flex', flexDirection: 'column', gap: 8 })}>
            <legend className={style({ font: 'title-sm', padding: 0, marginBottom: 8 })}>{group.name}</legend>
            {search === '' && group.wildcards.map((pattern) => box(pattern, fields.allOf(pattern.split(':')[0] ?? ''), pattern))}
            {permissions.map((one) => box(one.name, one.description || one.name, one.name))}
          </fieldset>
        );
      })}
      <TextField
        label={fields.others}
        description={fields.othersHelp}
        errorMessage={wrong && fields.othersWrong(wrong)}
        isInvalid={wrong !== undefined}
        value={others}
        autoComplete="off"
        spellCheck="false"
        onChange={(text) => {
          setOthers(text);
          onChange([...value.filter((one) => offered.has(one)), ...readOthers(text).patterns.filter((one) => !offered.has(one))]);
        }}
      />
    </div>
  );
}
