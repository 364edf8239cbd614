import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/roles', permission: 'claviger:roles.read', load: () => import('./RolesPage') },
  { path: '/roles/$id', permission: 'claviger:roles.read', load: () => import('./RolePage') },
];
