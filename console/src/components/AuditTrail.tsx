import { History } from './History';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';

/** The history of a thing that has no history of its own in the API: what the audit log has of it. */
export function AuditTrail({ target }: { target: string }) {
  const records = usePages<components['schemas']['AuditRecord']>(['audit', 'target', target], ({ cursor, signal }) =>
    api.GET('/v1/audit', { params: { query: { target, limit: 25, cursor } }, signal }),
  );
  return <History records={records} />;
}
