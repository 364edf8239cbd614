// What a page says of itself. Each folder in src/pages has a `route.ts` that exports `routes: PageRoute[]`; they are found by
// themselves (app/router.tsx), so that a page needs no line elsewhere.
import type { ComponentType } from 'react';
import type { OwnSession, Permission } from '@/api/session';

export interface PageRoute {
  /** As TanStack Router reads it: `/keys/$id`. */
  path: string;
  /** Loaded when it is wanted: `() => import('./KeysPage')`, with the page as default export. */
  load: () => Promise<{ default: ComponentType }>;
  /** Asks for what it shows first, while its code is on its way; for an address without a query. */
  prefetch?: (session: OwnSession) => void;
  /** What one needs to see it; else a page says so. */
  permission?: Permission | 'operator';
  /** For people who are not signed in, without the frame around. */
  open?: boolean;
}
