import { Badge, type BadgeProps } from '@react-spectrum/s2/Badge';
import { Button } from '@react-spectrum/s2/Button';
import { ButtonGroup } from '@react-spectrum/s2/ButtonGroup';
import { Content } from '@react-spectrum/s2/Content';
import { Dialog, DialogContainer } from '@react-spectrum/s2/Dialog';
import { Disclosure, DisclosurePanel, DisclosureTitle } from '@react-spectrum/s2/Disclosure';
import { Heading } from '@react-spectrum/s2/Heading';
import { Link } from '@react-spectrum/s2/Link';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { SettingChanges } from './SettingChanges';
import { useAction } from '@/api/action';
import type { components } from '@/api/schema';
import { hasPage } from '@/app/pages';
import { FormProblem } from '@/components/FormProblem';
import { ErrorState, Loading } from '@/components/states';
import { common } from '@/strings/en/common';
import { settingName, policy as words } from '@/strings/en/policy';

type Preview = components['schemas']['PolicyPreview'];
type Touch = components['schemas']['PolicyTouch'];

interface Props {
  title: string;
  /** The button's word. */
  confirm: string;
  /** The change, as a dry run and then with its word. */
  call: (query: { dry_run?: boolean; confirm?: string }) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
  onDone: () => void;
  onClose: () => void;
}

const effects: Record<string, BadgeProps['variant']> = { kept: 'neutral', named: 'informative', refused: 'negative', disabled: 'notice', erased: 'negative' };
const h3 = style({ font: 'title-sm', margin: 0, marginBottom: 8 });

function pageOf(id: string): string | undefined {
  if (id.startsWith('key_') && hasPage('/keys/$id')) return `/keys/${id}`;
  if (id.startsWith('acct_') && hasPage('/service-accounts/$id')) return `/service-accounts/${id}`;
  return undefined;
}

function Touched({ touch }: { touch: Touch }) {
  const { more, what, effects: names } = words.preview;
  const rest = touch.count - touch.first.length;
  return (
    <li className={style({ paddingY: 8, borderStyle: 'solid', borderWidth: 0, borderTopWidth: 1, borderColor: 'gray-200' })}>
      <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 8, font: 'ui' })}>
        <strong>{what[touch.what](touch.count)}</strong>
        <Badge size="S" fillStyle="subtle" variant={effects[touch.effect] ?? 'neutral'}>{names[touch.effect] ?? touch.effect}</Badge>
        <span className={style({ color: 'neutral-subdued' })}>{settingName(touch.setting)}</span>
      </div>
      <div className={style({ font: 'ui-sm', color: 'neutral-subdued' })}>{touch.detail}</div>
      {touch.first.length > 0 && (
        <Disclosure isQuiet density="compact" size="S">
          <DisclosureTitle>{words.preview.whole(touch.count)}</DisclosureTitle>
          <DisclosurePanel>
            <ul className={style({ margin: 0, paddingStart: 16, font: 'ui-sm' })}>
              {touch.first.map((one) => {
                const page = pageOf(one.id);
                return <li key={one.id} className={`name ${style({ font: 'ui', paddingY: 4 })}`}>{page ? <Link href={page} target="_blank" variant="secondary">{one.name}</Link> : one.name}</li>;
              })}
              {rest > 0 && <li className={style({ color: 'neutral-subdued' })}>{more(rest)}</li>}
            </ul>
          </DisclosurePanel>
        </Disclosure>
      )}
    </li>
  );
}

function Told({ preview }: { preview: Preview }) {
  const { makes } = preview;
  return (
    <div className={style({ display: 'flex', flexDirection: 'column', gap: 20 })}>
      <section>
        <h3 className={h3}>{words.preview.settings}</h3>
        <SettingChanges changes={preview.changes} />
      </section>
      {makes && makes.roles.length + makes.apis.length > 0 && (
        <section>
          <h3 className={h3}>{words.preview.makes}</h3>
          {makes.roles.length > 0 && <div className={style({ font: 'ui' })}>{words.preview.roles(makes.roles.join(', '))}</div>}
          {makes.apis.length > 0 && <div className={style({ font: 'ui' })}>{words.preview.apis(makes.apis.join(', '))}</div>}
        </section>
      )}
      <section>
        <h3 className={h3}>{words.preview.touched}</h3>
        {preview.touches.length === 0 ? (
          <p className={style({ font: 'ui', margin: 0 })}>{words.preview.nothingTouched}</p>
        ) : (
          <ul className={style({ listStyleType: 'none', margin: 0, padding: 0 })}>{preview.touches.map((touch) => <Touched key={`${touch.setting} ${touch.what}`} touch={touch} />)}</ul>
        )}
      </section>
    </div>
  );
}

function Inside({ title, confirm, call, onDone, onClose }: Props) {
  const id = useId();
  const dry = useQuery({
    queryKey: ['policy', 'preview', id],
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    queryFn: async () => {
      const { data, error } = await call({ dry_run: true });
      if (!data) throw error;
      return data as Preview;
    },
  });
  const change = useAction({
    saysFaults: true,
    call: (word: string) => call({ confirm: word }),
    touches: [['policy'], ['get', '/v1/policy'], ['get', '/v1/policy/presets'], ['get', '/v1/policy/presets/{name}'], ['get', '/v1/policy/form'], ['audit', 'list']],
    done: words.preview.done,
    onDone,
  });
  const isNothing = dry.data !== undefined && Object.keys(dry.data.changes).length === 0 && (dry.data.makes?.roles.length ?? 0) + (dry.data.makes?.apis.length ?? 0) === 0;
  return (
    <Dialog size="L">
      <Heading slot="title">{title}</Heading>
      <Content>
        <FormProblem error={change.error} />
        {dry.isPending && <Loading />}
        {dry.error && <ErrorState error={dry.error} retry={() => void dry.refetch()} />}
        {dry.data && (isNothing ? <p className={style({ font: 'ui', margin: 0 })}>{words.preview.nothing}</p> : <Told preview={dry.data} />)}
      </Content>
      <ButtonGroup>
        <Button variant="secondary" onPress={onClose}>{common.cancel}</Button>
        <Button variant="accent" isDisabled={!dry.data || isNothing} isPending={change.isRunning} onPress={() => dry.data && change.run(dry.data.confirm)}>{confirm}</Button>
      </ButtonGroup>
    </Dialog>
  );
}

/** Shows what a change of the policy would do, before it is made. */
export function PreviewDialog(props: Props) {
  return (
    <DialogContainer onDismiss={props.onClose}>
      <Inside {...props} />
    </DialogContainer>
  );
}
