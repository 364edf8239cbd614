import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { PreviewDialog } from './PreviewDialog';
import { SettingChanges } from './SettingChanges';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { ErrorState, Loading } from '@/components/states';
import { Time } from '@/components/Time';
import { policy as words } from '@/strings/en/policy';

type Version = components['schemas']['PolicyVersion'];

function happened({ changes, preset, applied }: Version): string | undefined {
  if (applied && preset) return words.history.applied(preset);
  return Object.keys(changes).length === 0 ? words.history.began : undefined;
}

/** The restore of a version is a change like any other: looked up, previewed, confirmed. */
async function restore(version: number, query: { dry_run?: boolean; confirm?: string }) {
  const past = await api.GET('/v1/policy/history/{version}', { params: { path: { version } } });
  if (!past.data) return past;
  return api.PATCH('/v1/policy', { params: { query }, body: past.data.policy });
}

export function History() {
  const may = useMay();
  const list = usePages<Version>(['policy', 'history'], ({ cursor, signal }) => api.GET('/v1/policy/history', { params: { query: { limit: 20, cursor } }, signal }));
  const [restoring, setRestoring] = useState<number>();
  if (list.isPending) return <Loading />;
  if (list.error) return <ErrorState error={list.error} retry={list.refetch} />;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, paddingTop: 20, })}>
      <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{words.history.lead}</p>
      <ol reversed className={style({ listStyleType: 'none', margin: 0, padding: 0, borderStyle: 'solid', borderWidth: 1, borderBottomWidth: 0, borderColor: 'gray-200', borderRadius: 'lg' })}>
        {list.items.map((version, at) => (
          <li key={version.version} className={style({ display: 'flex', flexWrap: 'wrap', gap: 12, padding: 20, borderStyle: 'solid', borderWidth: 0, borderBottomWidth: 1, borderColor: 'gray-200', borderRadius: 'lg' })}>
            <div className={style({ flexGrow: 1, flexBasis: 0, minWidth: 224, display: 'flex', flexDirection: 'column', gap: 8 })}>
              <div className={style({ font: 'ui', display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 8 })}>
                <strong>{words.history.version(version.version)}</strong>
                {at === 0 && <Badge variant="positive" size="S" fillStyle="subtle">{words.history.current}</Badge>}
                <span className={style({ color: 'neutral-subdued' })}>
                  <Time at={version.at} /> {words.history.by} <span className="name">{version.by.name}</span>
                </span>
              </div>
              {happened(version) && <div className={style({ font: 'ui' })}>{happened(version)}</div>}
              <SettingChanges changes={version.changes} />
            </div>
            {at > 0 && may('claviger:policy.manage') && (
              <div>
                <Button variant="secondary" size="S" aria-label={`${words.history.restore} ${words.history.version(version.version)}`} onPress={() => setRestoring(version.version)}>{words.history.restore}</Button>
              </div>
            )}
          </li>
        ))}
      </ol>
      {list.hasMore && <div><Button variant="secondary" isPending={list.isLoadingMore} onPress={list.loadMore}>{words.history.more}</Button></div>}
      {restoring !== undefined && (
        <PreviewDialog
          title={words.preview.restoreTitle(restoring)}
          confirm={words.preview.restore}
          call={(query) => restore(restoring, query)}
          onDone={() => setRestoring(undefined)}
          onClose={() => setRestoring(undefined)}
        />
      )}
    </div>
  );
}
