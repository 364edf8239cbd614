// What patterns grant, as domain/access/pattern.rs reads them; for the preview of a key that is not made yet.

function part(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1)));
}

/** Whether a pattern grants a permission. Claviger's own are only reached where they are named. */
export function grants(pattern: string, permission: string): boolean {
  const [resource = '', action = ''] = permission.split(':');
  const own = resource === 'claviger';
  if (pattern === '*') return !own;
  const [left = '', right = ''] = pattern.split(':');
  if (own && left !== 'claviger') return false;
  return part(left, resource) && part(right, action);
}

export interface Choice {
  /** What the key is granted by itself: patterns, and those of its roles. */
  own: readonly string[];
  /** What its owner holds; `undefined` where it stands for the organisation. */
  owner?: readonly string[];
}

/** Whether a key would be let do something: an owner's key does what its owner may, narrowed by its own grants if it has any. */
export function can({ own, owner }: Choice, permission: string): boolean {
  const has = (patterns: readonly string[]) => patterns.some((pattern) => grants(pattern, permission));
  if (owner === undefined) return has(own);
  return has(owner) && (own.length === 0 || has(own));
}

/** As the server takes a pattern. */
export function isPattern(text: string): boolean {
  const name = String.raw`(\*|[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?(\.\*)?)`;
  return text.length <= 128 && new RegExp(`^(\\*|${name}:${name})$`).test(text);
}
