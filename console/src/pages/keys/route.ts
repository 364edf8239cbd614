import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/keys', permission: 'claviger:keys.read', load: () => import('./KeysPage') }];
