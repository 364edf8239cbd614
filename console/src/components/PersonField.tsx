import { ComboBox, ComboBoxItem } from '@react-spectrum/s2/ComboBox';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '@/api/client';
import { useDebounced } from '@/hooks/useDebounced';
import { lists } from '@/strings/en/lists';

interface Props {
  label: string;
  description?: string;
  name?: string;
  /** Who is chosen already. */
  person: { id: string; name: string } | null;
  onChange: (person: { id: string; name: string } | null) => void;
  /** Who is not offered. */
  without?: string;
  isRequired?: boolean;
}

/** Somebody of the organisation who is active, found by name or address on the server. */
export function PersonField({ label, description, name = 'owner', person, onChange, without, isRequired }: Props) {
  const [text, setText] = useState(person?.name ?? '');
  const q = useDebounced(text === person?.name ? '' : text.trim(), 150);
  const { data, isFetching } = useQuery({
    queryKey: ['users', 'field', q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/users', { params: { query: { q: q || undefined, status: 'active', limit: 50 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items;
    },
  });
  const people = (data ?? []).filter((one) => one.id !== without);
  return (
    <ComboBox
      label={label}
      name={name}
      description={description}
      placeholder={lists.person.search}
      items={people}
      inputValue={text}
      onInputChange={(typed) => {
        setText(typed);
        if (typed === '' && person) onChange(null);
      }}
      selectedKey={person?.id ?? null}
      onSelectionChange={(id) => {
        const found = people.find((one) => one.id === id);
        if (!found) return;
        setText(found.name);
        onChange({ id: found.id, name: found.name });
      }}
      loadingState={isFetching ? 'filtering' : 'idle'}
      menuTrigger="focus"
      isRequired={isRequired}
      styles={style({ width: 'full' })}>
      {(one) => (
        <ComboBoxItem id={one.id} textValue={one.name} aria-label={one.name}>
          <Text slot="label">{one.name}</Text>
          <Text slot="description">{one.email}</Text>
        </ComboBoxItem>
      )}
    </ComboBox>
  );
}
