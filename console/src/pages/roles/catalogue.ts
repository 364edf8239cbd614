// What can be granted, in the groups that people know: an API each, Claviger's own, and what no API declares but a role grants.
import type { components } from '@/api/schema';
import { grantedBy, isWildcard } from './patterns';
import { roles as words } from '@/strings/en/roles';

export type Catalogue = Pick<components['schemas']['PermissionCatalogue'], 'apis' | 'claviger'>;

export interface Permission {
  name: string;
  description: string;
}

export interface PermissionGroup {
  id: string;
  name: string;
  permissions: readonly Permission[];
  /** Wildcards that take in all of one resource of the group: `orders:*`. */
  wildcards: readonly string[];
}

function wildcards(permissions: readonly Permission[]): string[] {
  return [...new Set(permissions.map(({ name }) => `${name.split(':')[0]}:*`))];
}

/** `granted`: the patterns of roles, for what they name and nobody declares. */
export function groups(catalogue: Catalogue, granted: readonly string[] = []): PermissionGroup[] {
  const declared = new Set<string>();
  const apis = catalogue.apis.map((api) => {
    const permissions = api.permissions.map(({ name, description }) => ({ name: name as string, description: description ?? '' }));
    for (const { name } of permissions) declared.add(name);
    return { id: api.slug, name: api.name, permissions, wildcards: wildcards(permissions) };
  });
  const own = { id: 'claviger', name: words.groups.claviger, permissions: catalogue.claviger, wildcards: [] };
  for (const { name } of own.permissions) declared.add(name);
  const others = [...new Set(granted)].filter((pattern) => !isWildcard(pattern) && !declared.has(pattern)).toSorted();
  const other = { id: 'other', name: words.groups.other, permissions: others.map((name) => ({ name, description: words.undeclared })), wildcards: [] };
  return [...apis, ...(others.length > 0 ? [other] : []), own];
}

export interface Judged extends Permission {
  /** The pattern that grants it; none where it is not granted. */
  by: string | undefined;
}

/** What somebody with these patterns can do, and what not. */
export function judge(all: readonly PermissionGroup[], patterns: readonly string[]): { can: Judged[]; cannot: Judged[] } {
  const judged = all.flatMap((group) => group.permissions).map((one) => ({ ...one, by: grantedBy(patterns, one.name) }));
  return { can: judged.filter((one) => one.by !== undefined), cannot: judged.filter((one) => one.by === undefined) };
}
