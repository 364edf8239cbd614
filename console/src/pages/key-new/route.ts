import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/keys/new', permission: 'claviger:keys.create', load: () => import('./NewKeyPage') }];
