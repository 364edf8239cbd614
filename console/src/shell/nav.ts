// The pages of the sidebar, in their order. One shows once a page is registered under its path and the person may see it.
import Apps from '@react-spectrum/s2/icons/Apps';
import Building from '@react-spectrum/s2/icons/Building';
import Data from '@react-spectrum/s2/icons/Data';
import Home from '@react-spectrum/s2/icons/Home';
import History from '@react-spectrum/s2/icons/History';
import Key from '@react-spectrum/s2/icons/Key';
import Link from '@react-spectrum/s2/icons/Link';
import Settings from '@react-spectrum/s2/icons/Settings';
import Lock from '@react-spectrum/s2/icons/Lock';
import Nodes from '@react-spectrum/s2/icons/DeviceAll';
import User from '@react-spectrum/s2/icons/User';
import UserGroup from '@react-spectrum/s2/icons/UserGroup';
import type { ComponentType } from 'react';
import { hasPage } from '@/app/pages';
import { useMay, type Permission } from '@/api/session';
import { shell } from '@/strings/en/shell';

export interface NavItem {
  name: keyof typeof shell.pages;
  path: string;
  icon: ComponentType;
  permission?: Permission | 'operator';
}

export interface NavGroup {
  name: keyof typeof shell.groups;
  items: readonly NavItem[];
}

const groups: readonly NavGroup[] = [
  {
    name: 'keys',
    items: [
      { name: 'overview', path: '/', icon: Home },
      { name: 'keys', path: '/keys', icon: Key, permission: 'claviger:keys.read' },
      { name: 'accounts', path: '/service-accounts', icon: Apps, permission: 'claviger:accounts.read' },
    ],
  },
  {
    name: 'access',
    items: [
      { name: 'roles', path: '/roles', icon: Lock, permission: 'claviger:roles.read' },
      { name: 'people', path: '/people', icon: UserGroup, permission: 'claviger:users.read' },
      { name: 'apis', path: '/apis', icon: Data, permission: 'claviger:roles.read' },
      { name: 'policy', path: '/policy', icon: Settings, permission: 'claviger:policy.read' },
    ],
  },
  {
    name: 'watch',
    items: [
      { name: 'audit', path: '/audit', icon: History, permission: 'claviger:audit.read' },
      { name: 'webhooks', path: '/webhooks', icon: Link, permission: 'claviger:webhooks.manage' },
    ],
  },
  {
    name: 'installation',
    items: [
      { name: 'organisations', path: '/organisations', icon: Building, permission: 'operator' },
      { name: 'nodes', path: '/nodes', icon: Nodes, permission: 'operator' },
    ],
  },
];

/** Where everybody finds their own account; not in the sidebar. */
export const accountPage: NavItem = { name: 'account', path: '/account', icon: User };

/** What this person finds in the sidebar. */
export function useNav(): NavGroup[] {
  const may = useMay();
  const shown = ({ path, permission }: NavItem) => hasPage(path) && (!permission || may(permission));
  return groups.map((group) => ({ ...group, items: group.items.filter(shown) })).filter((group) => group.items.length > 0);
}
