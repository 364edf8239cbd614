import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { Badge } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { Text } from '@react-spectrum/s2/Text';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import ChevronLeft from '@react-spectrum/s2/icons/ChevronLeft';
import { useState, type ReactNode } from 'react';
import { PreviewDialog } from './PreviewDialog';
import { tell } from './values';
import { api, query } from '@/api/client';
import type { components } from '@/api/schema';
import { useMay } from '@/api/session';
import { ErrorState, Loading } from '@/components/states';
import { settingName, policy as words } from '@/strings/en/policy';

type Preset = components['schemas']['PresetView'];
type Changes = Record<string, { before?: unknown; after?: unknown } | undefined>;

interface Line {
  path: string;
  value: unknown;
  why: string;
}

/** Settings one by one: a preset may set a whole group with one reason. */
export function linesOf(preset: Preset): Line[] {
  return preset.settings.flatMap(({ setting, value, why }) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(setting in words.settings)
      ? Object.entries(value).map(([name, inner]) => ({ path: `${setting}.${name}`, value: inner as unknown, why }))
      : [{ path: setting, value, why }],
  );
}

function Row({ title, beside, why, children }: { title: ReactNode; beside?: ReactNode; why: string; children?: ReactNode }) {
  return (
    <li
      className={style({
        display: 'grid',
        gridTemplateColumns: { default: ['1fr'], md: ['minmax(0, 2fr)', 'minmax(0, 3fr)'] },
        columnGap: 32,
        rowGap: 4,
        paddingX: { default: 16, sm: 20 },
        paddingY: 12,
        borderStyle: 'solid',
        borderWidth: 0,
        borderTopWidth: 1,
        borderColor: 'gray-200',
      })}>
      <div className={style({ font: 'ui', minWidth: 0 })}>
        <div className={style({ fontWeight: 'medium', display: 'flex', flexWrap: 'wrap', columnGap: 8, alignItems: 'center' })}>{title}{beside}</div>
        {children}
      </div>
      <div className={style({ font: 'ui', color: 'neutral-subdued' })}>{why}</div>
    </li>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={style({ borderStyle: 'solid', borderWidth: 1, borderColor: 'gray-200', borderRadius: 'lg', })}>
      <h3 className={style({ font: 'title', margin: 0, paddingX: { default: 16, sm: 20 }, paddingY: 16 })}>{title}</h3>
      <ul className={style({ listStyleType: 'none', margin: 0, padding: 0 })}>{children}</ul>
    </section>
  );
}

/** One preset: each setting with its reason, and where the policy is otherwise. */
export function PresetDetail({ name, onBack }: { name: string; onBack: () => void }) {
  const may = useMay();
  const preset = query.useQuery('get', '/v1/policy/presets/{name}', { params: { path: { name } } });
  const [isApplying, setApplying] = useState(false);
  if (preset.isPending) return <Loading />;
  if (preset.error) return <ErrorState error={preset.error} retry={() => void preset.refetch()} />;
  const { title, about, roles, apis, makes } = preset.data;
  const changes = preset.data.changes as Changes;
  const lines = linesOf(preset.data);
  const said = new Set(lines.map((line) => line.path));
  const back = Object.keys(changes).filter((path) => !said.has(path));
  const isSame = Object.keys(changes).length + makes.roles.length + makes.apis.length === 0;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 20, paddingTop: 20 })}>
      <div>
        <ActionButton isQuiet size="S" onPress={onBack}>
          <ChevronLeft />
          <Text>{words.presets.back}</Text>
        </ActionButton>
      </div>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 16, })}>
        <div className={style({ flexGrow: 1, flexBasis: 0, minWidth: 256 })}>
          <h2 className={style({ font: 'heading', margin: 0 })}>{title}</h2>
          <p className={style({ font: 'ui', color: 'neutral-subdued', margin: 0 })}>{about}</p>
        </div>
        {isSame ? <span className={style({ font: 'ui' })}>{words.presets.isApplied}</span> : may('claviger:policy.manage') && <Button variant="accent" onPress={() => setApplying(true)}>{words.presets.apply}</Button>}
      </div>
      <Section title={words.tabs.settings}>
        {lines.map(({ path, value, why }) => {
          const change = changes[path];
          return (
            <Row key={path} title={settingName(path)} beside={change && <Badge size="S" variant="notice" fillStyle="subtle">{words.presets.differs}</Badge>} why={why}>
              <div className="name">{tell(path, value)}</div>
              {change && <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.presets.now(tell(path, change.before))}</div>}
            </Row>
          );
        })}
        {back.map((path) => (
          <Row key={path} title={settingName(path)} beside={<Badge size="S" variant="notice" fillStyle="subtle">{words.presets.differs}</Badge>} why={words.presets.asDefault}>
            <div className="name">{tell(path, changes[path]?.after)}</div>
            <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{words.presets.now(tell(path, changes[path]?.before))}</div>
          </Row>
        ))}
      </Section>
      {roles.length > 0 && (
        <Section title={words.presets.roles}>
          {roles.map((role) => (
            <Row key={role.name} title={role.name} why={role.why}>
              <div className={`name ${style({ font: 'code-sm' })}`}>{role.permissions.join(', ')}</div>
            </Row>
          ))}
        </Section>
      )}
      {apis.length > 0 && (
        <Section title={words.presets.apis}>
          {apis.map((one) => (
            <Row key={one.slug} title={one.name} why={one.why}>
              <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{one.description}</div>
            </Row>
          ))}
        </Section>
      )}
      <p className={style({ font: 'ui-sm', color: 'neutral-subdued', margin: 0 })}>{words.presets.rest}</p>
      {isApplying && (
        <PreviewDialog
          title={words.preview.applyTitle(title)}
          confirm={words.preview.apply}
          call={(asked) => api.POST('/v1/policy/presets/{name}/apply', { params: { path: { name }, query: asked } })}
          onDone={() => setApplying(false)}
          onClose={() => setApplying(false)}
        />
      )}
    </div>
  );
}
