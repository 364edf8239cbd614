import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Header } from '@react-spectrum/s2/Header';
import { Heading } from '@react-spectrum/s2/Heading';
import { Text } from '@react-spectrum/s2/Text';
import { Menu, MenuItem, MenuSection, MenuTrigger } from '@react-spectrum/s2/Menu';
import UserIcon from '@react-spectrum/s2/icons/UserAvatar';
import { useRouter } from '@tanstack/react-router';
import { setTheme, useTheme, type Theme } from './theme';
import { api } from '@/api/client';
import { actIn } from '@/api/organisation';
import { useSession } from '@/api/session';
import { accountPage } from './nav';
import { shell } from '@/strings/en/shell';

/** Ends the session, and leaves nothing of it in the page. */
export async function signOut() {
  await api.DELETE('/v1/session');
  actIn(undefined);
  window.location.assign('/sign-in');
}

const themes: readonly Theme[] = ['light', 'dark', 'system'];

export function UserMenu() {
  const { user } = useSession();
  const theme = useTheme();
  const { routesByPath } = useRouter();
  return (
    <MenuTrigger>
      <ActionButton isQuiet aria-label={shell.user.menu(user.name)}>
        <UserIcon />
      </ActionButton>
      <Menu
        onAction={(key) => {
          if (key === 'sign-out') void signOut();
          if (key === 'docs') window.open('/docs', '_blank', 'noopener');
        }}>
        <MenuSection>
          <Header>
            <Heading>{user.name}</Heading>
            <Text slot="description">{user.email}</Text>
          </Header>
          {accountPage.path in routesByPath && <MenuItem href={accountPage.path}>{shell.pages.account}</MenuItem>}
          <MenuItem id="docs">{shell.user.docs}</MenuItem>
        </MenuSection>
        <MenuSection
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[theme]}
          onSelectionChange={(keys) => {
            const [next] = keys === 'all' ? [] : keys;
            if (next) setTheme(next as Theme);
          }}>
          <Header>
            <Heading>{shell.theme.title}</Heading>
          </Header>
          {themes.map((one) => (
            <MenuItem key={one} id={one}>{shell.theme[one]}</MenuItem>
          ))}
        </MenuSection>
        <MenuSection aria-label={shell.user.signOut}>
          <MenuItem id="sign-out">{shell.user.signOut}</MenuItem>
        </MenuSection>
      </Menu>
    </MenuTrigger>
  );
}
