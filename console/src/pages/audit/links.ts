// Where the thing of a record is shown, if there is a page for it.
import { hasPage } from '@/app/pages';

const pages: Record<string, string> = {
  key: '/keys/$id',
  account: '/service-accounts/$id',
  service_account: '/service-accounts/$id',
  user: '/people/$id',
  role: '/roles/$id',
  api: '/apis/$id',
  policy: '/policy',
};

export function linkOf(thing: { type: string; id?: string | null }): string | undefined {
  const path = pages[thing.type];
  if (!path || !hasPage(path) || (path.includes('$id') && !thing.id)) return undefined;
  return path.replace('$id', encodeURIComponent(thing.id ?? ''));
}
