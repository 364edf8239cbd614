import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [{ path: '/audit', permission: 'claviger:audit.read', load: () => import('./AuditPage') }];
