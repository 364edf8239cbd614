// In which organisation an operator acts. It holds for this tab and is no secret.
const KEY = 'claviger.organisation';

/** The slug that requests name; none at home. */
export function actingIn(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function actIn(slug: string | undefined) {
  if (slug) sessionStorage.setItem(KEY, slug);
  else sessionStorage.removeItem(KEY);
}
