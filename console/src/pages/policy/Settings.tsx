import { Button } from '@react-spectrum/s2/Button';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { faultsOf } from './faults';
import { PreviewDialog } from './PreviewDialog';
import { SettingRow } from './SettingRow';
import { groups } from './settings';
import { changedFrom, patchOf, valueAt, type Policy, type Values } from './values';
import { api } from '@/api/client';
import { policy as words } from '@/strings/en/policy';

/** Where the preset in use has something else, by path. */
export interface Preset {
  title: string;
  changes: Record<string, { before?: unknown; after?: unknown } | undefined>;
}

interface Props {
  policy: Policy;
  preset?: Preset;
  isEditing: boolean;
  onDone: () => void;
}

/** All settings by groups; while they are edited, a bar at the bottom says how much is changed. */
export function Settings({ policy, preset, isEditing, onDone }: Props) {
  const [draft, setDraft] = useState<Values>({});
  const [isReviewing, setReviewing] = useState(false);
  const values = isEditing ? draft : {};
  const changed = changedFrom(policy, values);
  const faults = isEditing ? faultsOf(policy, draft) : {};
  const [changes, wrong] = [Object.keys(changed).length, Object.keys(faults).length];
  const leave = () => {
    setDraft({});
    onDone();
  };
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 20, paddingTop: 20 })}>
      {groups.map((group) => (
        <section
          key={group.name}
          aria-labelledby={`policy-${group.name}`}
          className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg', backgroundColor: 'base', })}>
          <div className={style({ paddingX: { default: 16, sm: 20 }, paddingY: 16 })}>
            <h2 id={`policy-${group.name}`} className={style({ font: 'title', margin: 0 })}>{words.groups[group.name].title}</h2>
            <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0 })}>{words.groups[group.name].lead}</p>
          </div>
          {group.settings.map((setting) => {
            const { path } = setting;
            const other = preset?.changes[path];
            return (
              <SettingRow
                key={path}
                setting={setting}
                value={path in values ? values[path] : valueAt(policy, path)}
                preset={other && preset && { name: preset.title, value: other.after }}
                isEditing={isEditing}
                isChanged={path in changed}
                fault={faults[path]}
                onChange={(value) => setDraft((before) => ({ ...before, [path]: value }))}
              />
            );
          })}
        </section>
      ))}
      {isEditing && (
        <div
          className={style({
            position: 'sticky',
            bottom: 0,
            zIndex: 2,
            display: 'flex',
            flexWrap: 'wrap',
            alignItems: 'center',
            gap: 8,
    
            boxSizing: 'border-box',
            padding: 12,
            marginBottom: -20,
            backgroundColor: 'elevated',
            borderStyle: 'solid',
            borderWidth: 1,
            borderColor: 'gray-200',
            borderRadius: 'lg',
            boxShadow: 'elevated',
          })}>
          <output className={style({ font: 'ui', flexGrow: 1, paddingX: 8, color: { default: 'neutral', isWrong: 'negative' } })({ isWrong: wrong > 0 })}>
            {wrong > 0 ? words.faulty(wrong) : changes > 0 ? words.changed(changes) : words.unchanged}
          </output>
          <Button variant="secondary" onPress={leave}>{words.discard}</Button>
          <Button variant="accent" isDisabled={changes === 0 || wrong > 0} onPress={() => setReviewing(true)}>{words.review}</Button>
        </div>
      )}
      {isReviewing && (
        <PreviewDialog
          title={words.preview.title}
          confirm={words.preview.confirm}
          call={(query) => api.PATCH('/v1/policy', { params: { query }, body: patchOf(changed) })}
          onDone={() => {
            setReviewing(false);
            leave();
          }}
          onClose={() => setReviewing(false)}
        />
      )}
    </div>
  );
}
