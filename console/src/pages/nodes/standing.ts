// How a server stands, by what the others know of it.
import type { components } from '@/api/schema';

export type Node = components['schemas']['Node'];
export type Standing = 'active' | 'behind' | 'late';

/** Beside the youngest renewal of all, since the reader's clock may be another than the database's. */
export function standing(node: Node, all: readonly Node[]): Standing {
  if (node.lease_ms === null) return 'active';
  const youngest = Math.max(...all.map((one) => Date.parse(one.renewed_at)));
  if (youngest - Date.parse(node.renewed_at) > node.lease_ms) return 'late';
  return node.behind > 0 ? 'behind' : 'active';
}
