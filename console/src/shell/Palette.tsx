import { Autocomplete } from '@react-spectrum/s2/Autocomplete';
import { Header } from '@react-spectrum/s2/Header';
import { Heading } from '@react-spectrum/s2/Heading';
import { Text } from '@react-spectrum/s2/Text';
import { CustomDialog } from '@react-spectrum/s2/CustomDialog';
import { DialogContainer } from '@react-spectrum/s2/Dialog';
import { Menu, MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import { SearchField } from '@react-spectrum/s2/SearchField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { paletteActions } from './actions';
import { accountPage, useNav } from './nav';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import { useDebounced } from '@/hooks/useDebounced';
import { common } from '@/strings/en/common';
import { shell } from '@/strings/en/shell';

function useKeys(text: string) {
  const may = useMay();
  const q = useDebounced(text.trim(), 150);
  return useQuery({
    queryKey: ['keys', 'palette', q],
    enabled: q.length > 1 && may('claviger:keys.read'),
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/keys', { params: { query: { q, limit: 6, status: 'all' } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items;
    },
  });
}

/** ⌘K: pages, actions, and keys by name. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const { routesByPath } = useRouter();
  const may = useMay();
  const has = (label: string) => label.toLowerCase().includes(text.trim().toLowerCase());
  const pages = [...useNav().flatMap((group) => group.items), accountPage].filter((page) => page.path in routesByPath && has(shell.pages[page.name]));
  const actions = paletteActions.filter((one) => one.href in routesByPath && (!one.permission || may(one.permission)) && has(one.label));
  const found = useKeys(text).data ?? [];
  const shown = text.trim().length > 1 ? found : [];
  const nothing = pages.length + actions.length + shown.length === 0;
  return (
    <DialogContainer onDismiss={onClose}>
      <CustomDialog size="M" padding="none" isDismissible aria-label={shell.palette.title}>
        <Autocomplete inputValue={text} onInputChange={setText}>
          <div className={style({ display: 'flex', flexDirection: 'column', height: 400 })}>
            <div className={style({ padding: 16 })}>
              <SearchField autoFocus size="L" aria-label={shell.palette.title} placeholder={shell.palette.placeholder} styles={style({ width: 'full' })} />
            </div>
            <div className={style({ flexGrow: 1, overflow: 'auto', paddingX: 8, paddingBottom: 8 })}>
              {nothing ? (
                <output className={style({ display: 'block', font: 'ui', color: 'neutral-subdued', textAlign: 'center', padding: 32, margin: 0 })}>{shell.palette.empty}</output>
              ) : (
                <Menu aria-label={shell.palette.title} styles={style({ width: 'full' })} onAction={() => onClose()}>
                  {actions.length > 0 && (
                    <MenuSection id="actions">
                      <Header><Heading>{shell.palette.actions}</Heading></Header>
                      {actions.map((one) => <MenuItem key={one.href} id={one.href} href={one.href}>{one.label}</MenuItem>)}
                    </MenuSection>
                  )}
                  {pages.length > 0 && (
                    <MenuSection id="pages">
                      <Header><Heading>{shell.palette.pages}</Heading></Header>
                      {pages.map((page) => <MenuItem key={page.path} id={page.path} href={page.path}>{shell.pages[page.name]}</MenuItem>)}
                    </MenuSection>
                  )}
                  {shown.length > 0 && (
                    <MenuSection id="keys">
                      <Header><Heading>{shell.palette.keys}</Heading></Header>
                      {shown.map((key) => (
                        <MenuItem key={key.id} id={key.id} href={'/keys/$id' in routesByPath ? `/keys/${key.id}` : `/keys?q=${encodeURIComponent(key.name)}`} textValue={key.name}>
                          <Text slot="label">{key.name}</Text>
                          <Text slot="description">{`${key.display} · ${common.status[key.status] ?? key.status}`}</Text>
                        </MenuItem>
                      ))}
                    </MenuSection>
                  )}
                </Menu>
              )}
            </div>
          </div>
        </Autocomplete>
      </CustomDialog>
    </DialogContainer>
  );
}
