import { Badge } from '@react-spectrum/s2/Badge';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Control } from './Control';
import type { Setting } from './settings';
import { tell } from './values';
import { settingName, policy as words } from '@/strings/en/policy';

interface Props {
  setting: Setting;
  value: unknown;
  /** What the preset in use says, where it says something else. */
  preset?: { name: string; value: unknown };
  isEditing: boolean;
  isChanged: boolean;
  fault?: string;
  onChange: (value: unknown) => void;
}

/** A setting: what it means, what it is, and what the preset has in its place. */
export function SettingRow({ setting, value, preset, isEditing, isChanged, fault, onChange }: Props) {
  const { path } = setting;
  const label = settingName(path);
  const help = words.settings[path]?.[1];
  return (
    <div
      data-setting={path}
      className={style({
        display: 'grid',
        gridTemplateColumns: { default: ['1fr'], md: ['minmax(0, 2fr)', 'minmax(0, 3fr)'] },
        columnGap: 32,
        rowGap: 8,
        paddingX: { default: 16, sm: 20 },
        paddingY: 12,
        borderStyle: 'solid',
        borderWidth: 0,
        borderTopWidth: 1,
        borderColor: 'gray-200',
        alignItems: 'start',
      })}>
      <div className={style({ minWidth: 0 })}>
        <div className={style({ font: 'ui', fontWeight: 'medium', display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 8, rowGap: 4 })}>
          {label}
          {isChanged && <Badge variant="informative" size="S" fillStyle="subtle">{words.unsaved}</Badge>}
        </div>
        {help && <div className={style({ font: 'ui-sm', color: 'neutral-subdued', maxWidth: 448 })}>{help}</div>}
      </div>
      <div className={style({ minWidth: 0, display: 'flex', flexDirection: 'column', gap: 4 })}>
        {isEditing ? (
          <Control setting={setting} value={value} fault={fault} label={label} onChange={onChange} />
        ) : (
          <span className={`name ${style({ font: 'ui' })}`}>{tell(path, value)}</span>
        )}
        {preset && (
          <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>
            <span className={style({ color: 'orange-1000', fontWeight: 'medium' })}>{words.presets.differs}</span>
            {` · ${words.presetSays(preset.name, tell(path, preset.value))}`}
          </span>
        )}
      </div>
    </div>
  );
}
