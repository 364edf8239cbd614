import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/organisations', permission: 'operator', load: () => import('./OrganisationsPage') }];
