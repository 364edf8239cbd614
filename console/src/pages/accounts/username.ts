/** A username that a name suggests: `Warehouse sync (EU)` → `warehouse-sync-eu`. */
export function usernameFrom(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._@+\s-]/g, '')
    .trim()
    .replace(/\s+/g, '-')
    .replace(/-{2,}/g, '-')
    .slice(0, 100);
}
