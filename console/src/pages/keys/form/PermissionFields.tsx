import { Button } from '@react-spectrum/s2/Button';
import { Checkbox, CheckboxGroup } from '@react-spectrum/s2/CheckboxGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Heading } from '@react-spectrum/s2/Heading';
import { InlineAlert } from '@react-spectrum/s2/InlineAlert';
import { SearchField } from '@react-spectrum/s2/SearchField';
import { Tag, TagGroup } from '@react-spectrum/s2/TagGroup';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { isPattern } from './grants';
import type { components } from '@/api/schema';
import { keyForm as words } from '@/strings/en/keyForm';

type Catalogue = components['schemas']['PermissionCatalogue'];

/** A pattern that is in no list, typed. */
function Other({ onAdd }: { onAdd: (pattern: string) => void }) {
  const [text, setText] = useState('');
  const typed = text.trim();
  const isWrong = typed !== '' && !isPattern(typed);
  const add = () => {
    if (!isPattern(typed)) return;
    onAdd(typed);
    setText('');
  };
  return (
    <div className={style({ display: 'flex', alignItems: 'start', gap: 8 })}>
      <TextField
        label={words.pattern}
        description={words.patternHelp}
        value={text}
        onChange={setText}
        isInvalid={isWrong}
        errorMessage={words.patternFault}
        autoComplete="off"
        spellCheck="false"
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          add();
        }}
        styles={style({ flexGrow: 1 })}
      />
      <div className={style({ marginTop: 24 })}>
        <Button variant="secondary" isDisabled={typed === '' || isWrong} onPress={add}>{words.add}</Button>
      </div>
    </div>
  );
}

/** The permissions of all APIs, to search and tick; and patterns. */
export function PermissionFields({ catalogue, value, onChange }: { catalogue: Catalogue | undefined; value: readonly string[]; onChange: (value: string[]) => void }) {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const groups = (catalogue?.apis ?? [])
    .map((api) => ({ ...api, permissions: api.permissions.filter((one) => `${one.name} ${one.description} ${api.name}`.toLowerCase().includes(wanted)) }))
    .filter((api) => api.permissions.length > 0);
  const known = new Set((catalogue?.apis ?? []).flatMap((api) => api.permissions.map((one) => one.name)));
  const others = value.filter((one) => !known.has(one));
  return (
    <section aria-label={words.permissions} className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      {known.size > 0 && (
        <div className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg', padding: 16, display: 'flex', flexDirection: 'column', gap: 16 })}>
          <SearchField aria-label={words.findPermission} placeholder={words.findPermission} value={text} onChange={setText} styles={style({ width: 'full' })} />
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard */}
          <section aria-label={words.catalogue} tabIndex={0} className={style({ display: 'flex', flexDirection: 'column', gap: 20, maxHeight: 280, overflowY: 'auto' })}>
            {groups.length === 0 && <output className={style({ font: 'ui', color: 'neutral-subdued' })}>{words.noPermissionFound}</output>}
            {groups.map((api) => (
              <CheckboxGroup
                key={api.id}
                label={api.name}
                value={api.permissions.map((one) => one.name).filter((name) => value.includes(name))}
                onChange={(chosen) => {
                  const shown = new Set(api.permissions.map((one) => one.name));
                  onChange([...value.filter((one) => !shown.has(one)), ...chosen]);
                }}>
                {api.permissions.map((one) => (
                  <Checkbox key={one.name} value={one.name}>
                    <span className={style({ display: 'flex', flexDirection: 'column' })}>
                      <code className={style({ font: 'code-sm' })}>{one.name}</code>
                      <span className={`name ${style({ font: 'ui-sm', color: 'neutral-subdued' })}`}>{one.description}</span>
                    </span>
                  </Checkbox>
                ))}
              </CheckboxGroup>
            ))}
          </section>
        </div>
      )}
      <Other onAdd={(pattern) => onChange([...new Set([...value, pattern])])} />
      {others.length > 0 && (
        <TagGroup label={words.others} onRemove={(gone) => onChange(value.filter((one) => !gone.has(one)))}>
          {others.map((one) => <Tag key={one} id={one} textValue={one}>{one}</Tag>)}
        </TagGroup>
      )}
      {value.includes('*') && (
        <InlineAlert variant="notice" fillStyle="subtleFill">
          <Heading>{words.permissions}</Heading>
          <Content>{words.everything}</Content>
        </InlineAlert>
      )}
    </section>
  );
}
