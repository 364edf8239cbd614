import { Button } from '@react-spectrum/s2/Button';
import { LinkButton } from '@react-spectrum/s2/LinkButton';
import { Form } from '@react-spectrum/s2/Form';
import { Switch } from '@react-spectrum/s2/Switch';
import { TextArea } from '@react-spectrum/s2/TextArea';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { touches, type Api } from './actions';
import { PermissionRows, RouteRows } from './rows';
import { faultAt, type PermissionRow, type RouteRow } from './rowFaults';
import { ifMatch, useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormProblem } from '@/components/FormProblem';
import { Section, Sections } from '@/components/Section';
import { apis as words } from '@/strings/en/apis';
import { common } from '@/strings/en/common';

const { fields } = words;

/** A slug that a name suggests. */
function slugFrom(name: string): string {
  return name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40);
}

/** Describes an API, or changes what is described. */
export function ApiForm({ of }: { of?: Api }) {
  const router = useRouter();
  const [name, setName] = useState(of?.name ?? '');
  const [slug, setSlug] = useState(of?.slug ?? '');
  const [typedSlug, setTyped] = useState(of !== undefined);
  const [description, setDescription] = useState(of?.description ?? '');
  const [enabled, setEnabled] = useState(of?.enabled ?? true);
  const [permissions, setPermissions] = useState<PermissionRow[]>(() => of?.permissions.map((one) => ({ name: one.name, description: one.description ?? '' })) ?? [{ name: '', description: '' }]);
  const [routes, setRoutes] = useState<RouteRow[]>(() => of?.routes.map((one) => ({ method: one.method, path: one.path, requires: one.requires ?? '' })) ?? []);
  const action = useAction({
    saysFaults: true,
    call: () => {
      const body = {
        name,
        slug,
        description,
        enabled,
        permissions: permissions.filter((one) => one.name || one.description),
        routes: routes.map((one) => ({ method: one.method, path: one.path, requires: one.requires.trim() || null })),
      };
      if (!of) return api.POST('/v1/apis', { body });
      return api.PATCH('/v1/apis/{id}', { params: { path: { id: of.id } }, headers: ifMatch(of.version), body });
    },
    touches,
    done: of ? words.saved(name) : words.created(name),
    onDone: (made) => void router.navigate({ href: `/apis/${made.id}`, replace: true }),
  });
  const fault = faultAt(action.problem?.errors ?? []);
  // A field that is marked keeps a form from being sent, so a fault goes with the change that answers it.
  function forgiving<Value>(set: (value: Value) => void) {
    return (value: Value) => {
      if (action.error) action.reset();
      set(value);
    };
  }
  return (
    <Form
      validationErrors={action.faults}
      onSubmit={(event) => {
        event.preventDefault();
        action.run(undefined);
      }}>
      <FormProblem error={action.error} fields={['name', 'slug', 'description', 'permissions', 'routes']} />
      <Sections>
        <Section title={words.title}>
          <div className={style({ display: 'flex', flexDirection: 'column', gap: 16, maxWidth: 640 })}>
            <TextField
              label={fields.name}
              name="name"
              isRequired
              autoFocus={!of}
              maxLength={200}
              value={name}
              onChange={(text) => {
                setName(text);
                if (!typedSlug) setSlug(slugFrom(text));
              }}
              autoComplete="off"
            />
            <TextField
              label={fields.slug}
              description={fields.slugHelp}
              name="slug"
              isRequired
              maxLength={40}
              value={slug}
              onChange={(text) => {
                setTyped(true);
                setSlug(text);
              }}
              autoComplete="off"
              spellCheck="false"
            />
            <TextArea label={fields.description} name="description" maxLength={2000} value={description} onChange={setDescription} />
            <Switch isSelected={enabled} onChange={setEnabled}>
              <span>
                {fields.enabled}
                <span className={style({ font: 'ui-sm', color: 'neutral-subdued', display: 'block' })}>{fields.enabledHelp}</span>
              </span>
            </Switch>
          </div>
        </Section>
        <Section title={words.permissions.title} lead={words.permissions.lead}>
          <PermissionRows rows={permissions} onChange={forgiving(setPermissions)} fault={fault} />
        </Section>
        <Section title={words.routes.title} lead={words.routes.lead}>
          <RouteRows rows={routes} onChange={forgiving(setRoutes)} fault={fault} />
        </Section>
        <div className={style({ display: 'flex', gap: 8, justifyContent: 'end' })}>
          <LinkButton variant="secondary" href={of ? `/apis/${of.id}` : '/apis'}>{common.cancel}</LinkButton>
          <Button type="submit" variant="accent" isPending={action.isRunning}>{of ? common.save : words.createNow}</Button>
        </div>
      </Sections>
    </Form>
  );
}
