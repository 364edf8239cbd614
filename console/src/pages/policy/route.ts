import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/policy', permission: 'claviger:policy.read', load: () => import('./PolicyPage') }];
