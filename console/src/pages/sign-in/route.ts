import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/sign-in', open: true, load: () => import('./SignInPage') }];
