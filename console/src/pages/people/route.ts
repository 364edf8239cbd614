import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/people', permission: 'claviger:users.read', load: () => import('./PeoplePage') },
  { path: '/people/$id', permission: 'claviger:users.read', load: () => import('./PersonPage') },
];
