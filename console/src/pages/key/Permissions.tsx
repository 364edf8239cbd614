import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { Block } from './Block';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { PlainTable } from '@/components/PlainTable';
import { ErrorState } from '@/components/states';
import { isOver, type KeyRow } from '@/pages/keys/actions';
import { keyPage as words } from '@/strings/en/key';

type Source = components['schemas']['GrantSource'];

function why(source: Source): string {
  return source.via === 'permission' ? words.via.permission() : words.via[source.via](source.name);
}

const code = style({ font: 'code-sm' });
const quiet = style({ font: 'ui', color: 'neutral-subdued', margin: 0 });

/** What the key is let do now, and where each permission comes from. */
export function Permissions({ row }: { row: KeyRow }) {
  const explains = useMay()('claviger:roles.read');
  const { data, error, refetch } = useQuery({
    queryKey: ['effective', row.id],
    enabled: explains,
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/permissions/effective', { params: { query: { principal: row.id } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data;
    },
  });
  // Whoever may not ask for reasons is shown what the key itself says.
  const known = data?.permissions ?? (explains ? undefined : (row.effective_permissions ?? []).map((pattern) => ({ pattern, sources: [] as Source[] })));
  return (
    <Block title={words.permissions} lead={isOver(row) ? words.permissionsOver : row.inherits ? words.inherits : words.permissionsLead}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : known?.length === 0 ? (
        <p className={quiet}>{words.nothing}</p>
      ) : (
        known && (
          <PlainTable
            label={words.permissions}
            head={explains ? [words.permission, words.why] : [words.permission]}
            rows={known.map((one) => ({
              id: one.pattern,
              cells: [
                <code key="code" className={code}>{one.pattern}</code>,
                ...(explains ? [<span key="why" className="name">{[...new Set(one.sources.map(why))].map((text) => <div key={text}>{text}</div>)}</span>] : []),
              ],
            }))}
          />
        )
      )}
      {data && data.unavailable.length > 0 && <p className={quiet}>{words.unavailable} <code className={code}>{data.unavailable.join(', ')}</code></p>}
    </Block>
  );
}
