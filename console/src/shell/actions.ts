// What the palette can do beside leading to pages. A page with an action of its own puts it in here, by path.
import type { Permission } from '@/api/session';
import { keys } from '@/strings/en/keys';

export interface PaletteAction {
  label: string;
  href: string;
  permission?: Permission | 'operator';
}

export const paletteActions: readonly PaletteAction[] = [{ label: keys.create, href: '/keys/new', permission: 'claviger:keys.create' }];
