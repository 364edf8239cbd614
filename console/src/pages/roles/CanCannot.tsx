import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import Checkmark from '@react-spectrum/s2/icons/Checkmark';
import Close from '@react-spectrum/s2/icons/Close';
import { judge, type Judged, type PermissionGroup } from './catalogue';
import { isWildcard } from './patterns';
import { count } from '@/components/format';
import { roles as words } from '@/strings/en/roles';

function List({ title, items, can, none }: { title: string; items: readonly Judged[]; can: boolean; none: string }) {
  return (
    <div className={style({ minWidth: 0 })}>
      <h3 className={style({ font: 'title-sm', margin: 0, marginBottom: 8 })}>{`${title} (${count(items.length)})`}</h3>
      {items.length === 0 && <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{none}</p>}
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: 8 })}>
        {items.map((one) => (
          <li key={one.name} className={style({ display: 'flex', gap: 8, font: 'ui-sm', minWidth: 0 })}>
            <span
              aria-hidden="true"
              className={style({ flexShrink: 0, color: { default: 'neutral-subdued', isGranted: 'green-1000' }, '--iconPrimary': { type: 'fill', value: 'currentColor' } })({ isGranted: can })}>
              {can ? <Checkmark /> : <Close />}
            </span>
            <span className="name">
              {one.description || one.name}
              <span className={style({ color: 'neutral-subdued', display: 'block' })}>
                {one.name}
                {one.by !== undefined && one.by !== one.name && ` · ${words.by(one.by)}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What somebody with these patterns can do and what not, in the words of whoever declared it. */
export function CanCannot({ groups, patterns }: { groups: readonly PermissionGroup[]; patterns: readonly string[] }) {
  const { can, cannot } = judge(groups, patterns);
  const wild = patterns.filter(isWildcard);
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
      {wild.length > 0 && <p className={`name ${style({ font: 'ui-sm', margin: 0 })}`}>{words.wildcards(wild.join(', '))}</p>}
      <div className={style({ display: 'grid', gap: 24, gridTemplateColumns: { default: ['minmax(0, 1fr)'], sm: ['minmax(0, 1fr)', 'minmax(0, 1fr)'] } })}>
        <List title={words.can} items={can} can none={words.canNothing} />
        <List title={words.cannot} items={cannot} can={false} none={words.cannotNothing} />
      </div>
    </div>
  );
}
