// All pages, as their folders say (app/page.ts).
import type { PageRoute } from './page';

const found = import.meta.glob<{ routes: PageRoute[] }>('../pages/*/route.ts', { eager: true });

export const pages: readonly PageRoute[] = Object.values(found).flatMap((file) => file.routes);

/** Whether there is a page at a path, as routes write it: `/keys/$id`. */
export function hasPage(path: string): boolean {
  return pages.some((page) => page.path === path);
}
