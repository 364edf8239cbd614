import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/apis', permission: 'claviger:roles.read', load: () => import('./ApisPage') },
  { path: '/apis/new', permission: 'claviger:apis.manage', load: () => import('./NewApiPage') },
  { path: '/apis/$id', permission: 'claviger:roles.read', load: () => import('./ApiPage') },
  { path: '/apis/$id/edit', permission: 'claviger:apis.manage', load: () => import('./EditApiPage') },
];
