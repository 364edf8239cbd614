import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/', load: () => import('./OverviewPage') }];
