import { ComboBox, ComboBoxItem, Text } from '@react-spectrum/s2/ComboBox';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { OwnerKind } from './draft';
import { api } from '@/api/client';
import { useDebounced } from '@/hooks/useDebounced';
import { keyForm as words } from '@/strings/en/keyForm';

async function find(kind: OwnerKind, q: string, signal: AbortSignal) {
  const asked = { params: { query: { limit: 20, sort: 'name', ...(q && { q }) } }, signal };
  if (kind === 'user') {
    const { data, error } = await api.GET('/v1/users', asked);
    if (!data) throw error;
    return data.items.map((one) => ({ id: one.id, name: one.name, detail: one.email }));
  }
  const { data, error } = await api.GET('/v1/service-accounts', asked);
  if (!data) throw error;
  return data.items.map((one) => ({ id: one.id, name: one.name, detail: one.username }));
}

interface Props {
  kinds: readonly OwnerKind[];
  kind: OwnerKind;
  owner: string;
  /** What the owner is called, where that is known already. */
  name?: string;
  fault?: string;
  onChange: (kind: OwnerKind, owner: string) => void;
}

/** Whom a key stands for: the organisation, or an account or a person that is searched for. */
export function OwnerField({ kinds, kind, owner, name = '', fault, onChange }: Props) {
  const [text, setText] = useState(name);
  const q = useDebounced(text.trim());
  const found = useQuery({
    queryKey: ['owners', kind, q],
    enabled: kind !== 'organisation',
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => find(kind, q === name ? '' : q, signal),
  });
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      <RadioGroup
        label={words.owner}
        description={words.ownerHelp[kind]}
        value={kind}
        onChange={(next) => {
          setText('');
          onChange(next as OwnerKind, '');
        }}>
        {kinds.map((one) => <Radio key={one} value={one}>{words.ownerKinds[one]}</Radio>)}
      </RadioGroup>
      {kind !== 'organisation' && (
        <ComboBox
          key={kind}
          label={words.ownerOf[kind]}
          items={found.data ?? []}
          inputValue={text}
          onInputChange={setText}
          selectedKey={owner || null}
          onSelectionChange={(id) => {
            onChange(kind, id ? String(id) : '');
            const chosen = found.data?.find((one) => one.id === id);
            if (chosen) setText(chosen.name);
          }}
          loadingState={found.isFetching ? 'loading' : 'idle'}
          menuTrigger="focus"
          isRequired
          isInvalid={fault !== undefined}
          errorMessage={fault}
          styles={style({ width: 'full', maxWidth: 416 })}>
          {(one) => (
            <ComboBoxItem id={one.id} textValue={one.name} aria-label={one.name}>
              <Text slot="label">{one.name}</Text>
              {one.detail && <Text slot="description">{one.detail}</Text>}
            </ComboBoxItem>
          )}
        </ComboBox>
      )}
    </div>
  );
}
