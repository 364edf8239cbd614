// A change that is not in effect on every server yet: one of them cannot reach the database and goes on with what it knows.

/** When a change is in effect everywhere at the latest, where that is not yet so. */
export function effectiveBy(response: Response): Date | undefined {
  const said = response.status === 202 ? response.headers.get('claviger-effective-by') : null;
  const at = said ? new Date(said) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at : undefined;
}

let tell: (at: Date) => void = () => undefined;

/** Says who tells the person. */
export function onLater(teller: (at: Date) => void): void {
  tell = teller;
}

export function noteLater(response: Response): void {
  const at = effectiveBy(response);
  if (at) tell(at);
}
