import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/account', load: () => import('./AccountPage') }];
