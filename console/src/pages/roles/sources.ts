// By what somebody holds a permission, in words.
import type { components } from '@/api/schema';
import { roles as words } from '@/strings/en/roles';

type Source = components['schemas']['GrantSource'];

export function sourceText(source: Source): string {
  if (source.via === 'permission') return words.holders.directly(source.pattern);
  return source.via === 'role' ? words.holders.byRole(source.name, source.pattern) : words.holders.byOwner(source.name, source.pattern);
}

/** Where the page of somebody is; nowhere for an organisation. */
export function pageOf({ type, id }: { type: string; id: string }): string | undefined {
  if (type === 'user') return `/people/${id}`;
  if (type === 'service_account') return `/service-accounts/${id}`;
  return type === 'key' ? `/keys/${id}` : undefined;
}
