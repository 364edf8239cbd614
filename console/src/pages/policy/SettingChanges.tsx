import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { tell } from './values';
import { settingName } from '@/strings/en/policy';
import { difference } from '@/strings/en/difference';

type Changes = Record<string, { before?: unknown; after?: unknown } | undefined>;

/** Settings as they were and as they become, in words. */
export function SettingChanges({ changes }: { changes: unknown }) {
  return (
    <dl className={style({ margin: 0, display: 'flex', flexDirection: 'column', gap: 8 })}>
      {Object.entries(changes as Changes).map(([path, change]) => (
        <div key={path}>
          <dt className={style({ font: 'ui', fontWeight: 'medium' })}>{settingName(path)}</dt>
          <dd className={`name ${style({ font: 'ui', margin: 0 })}`}>
            <span className="spoken">{difference.before} </span>
            <span className={style({ color: 'neutral-subdued', textDecoration: 'line-through' })}>{tell(path, change?.before)}</span>
            <span aria-hidden="true">{' → '}</span>
            <span className="spoken">{difference.after} </span>
            {tell(path, change?.after)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
