import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Keyboard } from '@react-spectrum/s2/Keyboard';
import { Text } from '@react-spectrum/s2/Text';
import SearchIcon from '@react-spectrum/s2/icons/Search';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Drawer } from './Drawer';
import { ResumeSetup } from './ResumeSetup';
import { OrganisationMenu } from './OrganisationMenu';
import { UserMenu } from './UserMenu';
import { shell } from '@/strings/en/shell';

const Palette = lazy(() => import('./Palette'));
const isApple = /mac|iphone|ipad/i.test(navigator.userAgent);

export function TopBar() {
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey) && !event.altKey) {
        event.preventDefault();
        setSearching(true);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div
      className={style({
        display: 'flex',
        alignItems: 'center',
        gap: 8,
        height: 56,
        flexShrink: 0,
        paddingX: { default: 12, lg: 24 },
        borderStyle: 'solid',
        borderWidth: 0,
        borderBottomWidth: 1,
        borderColor: 'gray-200',
      })}>
      <Drawer />
      <OrganisationMenu />
      <div className={style({ flexGrow: 1 })} />
      <ResumeSetup />
      <ActionButton onPress={() => setSearching(true)} aria-keyshortcuts="Meta+K Control+K" aria-label={shell.searchShort}>
        <SearchIcon />
        <Text styles={style({ display: { default: 'none', sm: 'block' } })}>
          <span className={style({ display: 'inline-flex', alignItems: 'center', gap: 24 })}>
            {shell.search}
            <Keyboard>{isApple ? '⌘K' : 'Ctrl K'}</Keyboard>
          </span>
        </Text>
      </ActionButton>
      <UserMenu />
      {searching && (
        <Suspense>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </div>
  );
}
