// What is told beside a key that needs somebody, where its like are listed, and what helps it at once.
import type { components } from '@/api/schema';

export type Finding = components['schemas']['Finding'];
export type Found = components['schemas']['Attention'];
type Key = components['schemas']['Key'];

/** What stands beside the name. */
export function told(finding: Finding, key: Key): { what: 'ends' | 'used' | 'made' | 'renewed'; at: string } | undefined {
  if (finding === 'expiring_soon') return key.expires_at ? { what: 'ends', at: key.expires_at } : undefined;
  if (finding === 'unrotated') return { what: 'renewed', at: key.rotated_at };
  if (finding === 'never_used' || finding === 'no_expiry' || finding === 'unlimited') return { what: 'made', at: key.created_at };
  return key.last_used_at ? { what: 'used', at: key.last_used_at } : { what: 'made', at: key.created_at };
}

/** The same keys in the table. */
export function href({ finding, list }: Pick<Found, 'finding' | 'list'>): string {
  const sort = new URLSearchParams(list.split('?')[1]).get('sort') ?? '';
  // Of any status, as long as it is not over.
  if (finding === 'unusual') return `/keys?finding=${finding}&sort=${sort}`;
  return `/keys?status=${finding === 'expiring_soon' ? 'expiring_soon' : 'active'}&finding=${finding}&sort=${sort}`;
}

/** What helps: a change that is made at once and can be taken back, a dialog, or a page. */
export type Remedy = { does: 'disable' | 'end' | 'extend' | 'rotate' } | { does: 'open'; href: string };

export function remedy(finding: Finding, key: Key): Remedy {
  switch (finding) {
    case 'expiring_soon': return { does: 'extend' };
    case 'no_expiry': return { does: 'end' };
    case 'unrotated': return { does: 'rotate' };
    case 'unlimited': return { does: 'open', href: `/keys/${key.id}/edit` };
    case 'unusual': return { does: 'open', href: `/keys/${key.id}` };
    case 'failing': return { does: 'open', href: `/keys/${key.id}?tab=requests` };
    case 'orphaned': return { does: 'open', href: key.owner.type === 'user' ? `/people/${key.owner.id}` : `/service-accounts/${key.owner.id}` };
    default: return { does: 'disable' };
  }
}
