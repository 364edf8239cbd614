import { prefetchKeys } from './state';
import type { PageRoute } from '@/app/page';
import { may } from '@/api/session';

export const routes: PageRoute[] = [
  {
    path: '/keys',
    permission: 'claviger:keys.read',
    load: () => import('./KeysPage'),
    prefetch: (session) => prefetchKeys(may(session, 'claviger:usage.read')),
  },
];
