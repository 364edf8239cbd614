// Rows of a form, and which of them the server found fault with: `routes[3].path`.
export interface PermissionRow {
  name: string;
  description: string;
}

export interface RouteRow {
  method: string;
  path: string;
  requires: string;
}

export type FaultAt = (list: 'permissions' | 'routes', at: number, field: string) => string | undefined;

/** A fault of a row that names no field of it stands at its first. */
export function faultAt(faults: readonly { field: string; detail: string }[]): FaultAt {
  const byField = new Map(faults.map((fault) => [fault.field, fault.detail]));
  const first = { permissions: 'name', routes: 'path' };
  return (list, at, field) => byField.get(`${list}[${at}].${field}`) ?? (field === first[list] ? byField.get(`${list}[${at}]`) : undefined);
}
