import { Checkbox } from '@react-spectrum/s2/Checkbox';
import { CheckboxGroup } from '@react-spectrum/s2/CheckboxGroup';
import { Radio, RadioGroup } from '@react-spectrum/s2/RadioGroup';
import { TextField } from '@react-spectrum/s2/TextField';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useState } from 'react';
import { touches, type Webhook, type WebhookWithSecret } from './actions';
import { filtersOf, isAll, kinds, named } from './events';
import { ifMatch, useAction } from '@/api/action';
import { api } from '@/api/client';
import { FormDialog } from '@/components/FormDialog';
import { webhooks as words } from '@/strings/en/webhooks';

interface Props {
  /** The one that is changed; a new one without it. */
  of?: Webhook;
  onMade?: (made: WebhookWithSecret) => void;
  onClose: () => void;
}

/** What a webhook is made of or changed to. */
export function WebhookForm({ of, onMade, onClose }: Props) {
  const [name, setName] = useState(of?.name ?? '');
  const [url, setUrl] = useState(of?.url ?? 'https://');
  const [which, setWhich] = useState(!of || isAll(of.events) ? 'all' : 'some');
  const [chosen, setChosen] = useState<string[]>(of && !isAll(of.events) ? named(of.events) : []);
  const body = { name, url, events: which === 'all' ? ['*'] : filtersOf(chosen) };
  const create = useAction({
    saysFaults: true,
    isSecret: true,
    call: () => api.POST('/v1/webhooks', { body }),
    touches,
    onDone: (made) => onMade?.(made),
  });
  const edit = useAction({
    saysFaults: true,
    call: () => api.PATCH('/v1/webhooks/{id}', { params: { path: { id: of?.id ?? '' }, header: ifMatch(of?.version ?? 0) }, body }),
    touches,
    done: words.saved(name),
    onDone: onClose,
  });
  const action = of ? edit : create;
  const lacksEvents = which === 'some' && chosen.length === 0;
  return (
    <FormDialog
      title={of ? words.editTitle(of.name) : words.createTitle}
      submit={of ? words.save : words.createNow}
      action={action}
      fields={['name', 'url']}
      isReady={name.trim() !== '' && !lacksEvents}
      onSubmit={() => action.run(undefined)}
      onClose={onClose}>
      <TextField name="name" label={words.fields.name} value={name} onChange={setName} isRequired autoComplete="off" maxLength={200} />
      <TextField name="url" type="url" label={words.fields.url} description={words.fields.urlHelp} value={url} onChange={setUrl} isRequired autoComplete="off" spellCheck="false" />
      <RadioGroup label={words.fields.events} value={which} onChange={setWhich}>
        <Radio value="all">{words.which.all}</Radio>
        <Radio value="some">{words.which.some}</Radio>
      </RadioGroup>
      {which === 'some' && (
        <div className={style({ display: 'flex', flexDirection: 'column', gap: 16 })}>
          {kinds.map(({ kind, events }) => (
            <CheckboxGroup
              key={kind}
              orientation="horizontal"
              label={words.groups[kind] ?? kind}
              value={chosen.filter((event) => events.includes(event))}
              onChange={(next) => setChosen([...chosen.filter((event) => !events.includes(event)), ...next])}
              isInvalid={lacksEvents && kind === 'key'}
              errorMessage={words.none}>
              {events.map((event) => <Checkbox key={event} value={event}>{words.events[event] ?? event}</Checkbox>)}
            </CheckboxGroup>
          ))}
        </div>
      )}
    </FormDialog>
  );
}
