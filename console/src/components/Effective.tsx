import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { ErrorState, Loading } from './states';
import { query } from '@/api/client';
import { sourceText } from '@/pages/roles/sources';
import { roles as words } from '@/strings/en/roles';

/** All that somebody may do in the end, and by what. */
export function Effective({ principal }: { principal: string }) {
  const found = query.useQuery('get', '/v1/permissions/effective', { params: { query: { principal } } });
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorState error={found.error} retry={() => void found.refetch()} />;
  const { permissions, unavailable } = found.data;
  if (permissions.length === 0 && unavailable.length === 0) return <p className={style({ font: 'ui', margin: 0 })}>{words.explain.effectiveNone}</p>;
  return (
    <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 8 })}>
      {permissions.map((one) => (
        <li key={one.pattern} className="name">
          <code className={style({ font: 'code-sm' })}>{one.pattern}</code>
          <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{one.sources.map(sourceText).join('; ')}</span>
        </li>
      ))}
      {unavailable.map((pattern) => (
        <li key={pattern} className="name">
          <del className={style({ font: 'code-sm', color: 'neutral-subdued' })}>{pattern}</del>
          <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{words.explain.reasons.api_not_enabled}</span>
        </li>
      ))}
    </ul>
  );
}
