import type { PageRoute } from '@/app/page';

// The links that the server prints and mails (crates/web/src/api/{setup,invitations}.rs).
export const routes: PageRoute[] = [
  { path: '/setup/$token', open: true, load: () => import('./SetupPage') },
  { path: '/invitations/$token', open: true, load: () => import('./InvitationPage') },
  { path: '/welcome', open: true, load: () => import('./WelcomePage') },
];
