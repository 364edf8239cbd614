import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/service-accounts', permission: 'claviger:accounts.read', load: () => import('./AccountsPage') },
  { path: '/service-accounts/$id', permission: 'claviger:accounts.read', load: () => import('./AccountPage') },
];
