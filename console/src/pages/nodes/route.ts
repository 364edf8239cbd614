import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/nodes', permission: 'operator', load: () => import('./NodesPage') }];
