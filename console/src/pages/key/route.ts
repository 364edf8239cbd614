import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/keys/$id', permission: 'claviger:keys.read', load: () => import('./KeyPage') },
  { path: '/keys/$id/edit', permission: 'claviger:keys.update', load: () => import('./EditKeyPage') },
];
