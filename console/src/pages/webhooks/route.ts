import type { PageRoute } from '@/app/page';

export const routes: PageRoute[] = [
  { path: '/webhooks', permission: 'claviger:webhooks.manage', load: () => import('./WebhooksPage') },
  { path: '/webhooks/$id', permission: 'claviger:webhooks.manage', load: () => import('./WebhookPage') },
];
