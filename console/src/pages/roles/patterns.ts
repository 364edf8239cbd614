// Patterns grant permissions: `orders:view`, `orders:*`, `workflow.*:submit`, `*`. As the server reads them (domain/access/pattern.rs).

const MANAGEMENT = 'claviger';

function halves(text: string): [string, string] {
  const [resource = '', action = '*'] = text.split(':');
  return [resource, action];
}

function matches(part: string, name: string): boolean {
  if (part === '*') return true;
  return part.endsWith('.*') ? name.startsWith(part.slice(0, -1)) : part === name;
}

/** Whether a pattern grants a permission. A wildcard never reaches Claviger's own permissions: their resource is named. */
export function covers(pattern: string, permission: string): boolean {
  const [resource, action] = halves(pattern);
  const [wantedResource, wantedAction] = halves(permission);
  if (wantedResource === MANAGEMENT && resource !== MANAGEMENT) return false;
  return matches(resource, wantedResource) && matches(action, wantedAction);
}

/** The pattern of a role that grants a permission: the one that names it, else a wildcard. */
export function grantedBy(patterns: readonly string[], permission: string): string | undefined {
  return patterns.includes(permission) ? permission : patterns.find((pattern) => covers(pattern, permission));
}

export function isWildcard(pattern: string): boolean {
  return pattern.includes('*');
}

const shape = /^(\*|(\*|[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?(\.\*)?):(\*|[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?(\.\*)?))$/;

/** Whether a text is a pattern at all. */
export function isPattern(text: string): boolean {
  return text.length <= 128 && shape.test(text);
}
