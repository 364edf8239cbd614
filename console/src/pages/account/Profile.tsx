import { Button } from '@react-spectrum/s2/Button';
import { Form } from '@react-spectrum/s2/Form';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { Line, Section } from './Section';
import { ifMatch, useAction } from '@/api/action';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { FormProblem } from '@/components/FormProblem';
import { Time } from '@/components/Time';
import { account as words } from '@/strings/en/account';
import { common } from '@/strings/en/common';

export type Me = components['schemas']['Me'];

export function Profile({ me }: { me: Me }) {
  const [name, setName] = useState(me.name);
  const save = useAction({
    saysFaults: true,
    call: (next: string) => api.PATCH('/v1/me', { body: { name: next }, headers: ifMatch(me.version) }),
    touches: [['get', '/v1/me'], ['session']],
    done: words.saved,
  });
  return (
    <Section title={words.profile}>
      <Form
        validationErrors={save.faults}
        onSubmit={(event) => {
          event.preventDefault();
          save.run(name.trim());
        }}>
        <FormProblem error={save.error} fields={['name']} />
        <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: 8 })}>
          <TextField label={words.name} name="name" autoComplete="name" isRequired value={name} onChange={setName} styles={style({ width: { default: 'full', sm: 288 } })} />
          <div className={style({ marginTop: { default: 0, sm: 24 } })}>
            <Button type="submit" variant="secondary" isDisabled={name.trim() === me.name} isPending={save.isRunning}>{common.save}</Button>
          </div>
        </div>
      </Form>
      <Line label={words.email}>{me.email}</Line>
      <Line label={words.organisation}><span className="name">{me.organisation.name}</span></Line>
      <Line label={words.roles}>
        <span className="name">{me.roles.map((role) => role.name).join(', ') || common.none}</span>
        {me.operator && <span className={style({ display: 'block' })}>{words.operator}</span>}
      </Line>
      <Line label={words.lastSignIn}>{me.last_sign_in_at ? <Time at={me.last_sign_in_at} /> : common.never}</Line>
    </Section>
  );
}
