import { Badge } from '@react-spectrum/s2/Badge';
import { style, focusRing } from '@react-spectrum/s2/style' with { type: 'macro' };
import { Button as Plain } from 'react-aria-components/Button';
import { PresetDetail } from './PresetDetail';
import { query } from '@/api/client';
import { ErrorState, Loading } from '@/components/states';
import { policy as words } from '@/strings/en/policy';

const card = style({
  ...focusRing(),
  boxSizing: 'border-box',
  display: 'flex',
  flexDirection: 'column',
  alignItems: 'start',
  textAlign: 'start',
  gap: 8,
  width: 'full',
  height: 'full',
  padding: 20,
  borderRadius: 'lg',
  borderStyle: 'solid',
  borderWidth: 1,
  borderColor: { default: 'gray-200', isHovered: 'gray-400' },
  backgroundColor: { default: 'base', isHovered: 'gray-50' },
  cursor: 'pointer',
  font: 'ui',
  color: 'neutral',
  transition: 'default',
});

/** The presets as cards, or one of them with its reasons. */
export function Presets({ name, onOpen }: { name: string; onOpen: (name: string) => void }) {
  const presets = query.useQuery('get', '/v1/policy/presets');
  if (name) return <PresetDetail name={name} onBack={() => onOpen('')} />;
  if (presets.isPending) return <Loading />;
  if (presets.error) return <ErrorState error={presets.error} retry={() => void presets.refetch()} />;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, paddingTop: 20 })}>
      <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0, maxWidth: 640 })}>{words.presets.lead}</p>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: 16, gridTemplateColumns: { default: ['1fr'], md: ['1fr', '1fr'], xl: ['1fr', '1fr', '1fr'] } })}>
        {presets.data.items.map((one) => (
          <li key={one.name}>
            <Plain onPress={() => onOpen(one.name)} className={card}>
              <span className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 8, rowGap: 4 })}>
                <strong className={style({ font: 'title' })}>{one.title}</strong>
                {one.in_use && <Badge variant="positive" size="S" fillStyle="subtle">{words.presets.inUse}</Badge>}
              </span>
              <span className={style({ color: 'neutral-subdued', flexGrow: 1 })}>{one.about}</span>
              <span className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.presets.differences(one.differences)}</span>
            </Plain>
          </li>
        ))}
      </ul>
    </div>
  );
}
