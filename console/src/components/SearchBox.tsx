import { SearchField } from '@react-spectrum/s2/SearchField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useEffect, useState } from 'react';
import { useDebounced } from '@/hooks/useDebounced';

/** A search whose text is in the address: it goes there once it is still, and comes from there when the address changes. */
export function SearchBox({ label, placeholder, value, onSearch }: { label: string; placeholder?: string; value: string; onSearch: (text: string) => void }) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const still = useDebounced(text);
  if (seen !== value) {
    setSeen(value);
    setText(value);
  }
  useEffect(() => {
    if (still === text && still !== value) onSearch(still);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what is typed leads
  }, [still]);
  return (
    <SearchField
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={setText}
      onClear={() => onSearch('')}
      styles={style({ width: { default: 'full', sm: 320 } })}
    />
  );
}
