// What is asked before something is done with somebody.
import { useState } from 'react';
import { PersonForm } from './PersonForm';
import { touches, type Person } from './touches';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { FormDialog } from '@/components/FormDialog';
import type { LinkShown } from '@/components/OneTimeLink';
import { PersonField } from '@/components/PersonField';
import { people as words } from '@/strings/en/people';

export type Asked = 'edit' | 'recover' | 'disable' | 'sessions' | 'handOver' | 'remove';

interface Props {
  person: Person;
  onClose: () => void;
}

function Recover({ person, onClose, onLink }: Props & { onLink: (link: LinkShown) => void }) {
  const action = useAction({
    saysFaults: true,
    isSecret: true,
    call: () => api.POST('/v1/users/{id}/recover', { params: { path: { id: person.id } } }),
    touches,
    onDone: (made) => {
      onClose();
      onLink({ title: words.recovered(made.name), email: made.email, url: made.recovery_url, endsAt: made.recovery_ends_at, mail: made.mail });
    },
  });
  return (
    <ConfirmDialog title={words.recoverTitle(person.name)} confirm={words.recoverNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.recover}
    </ConfirmDialog>
  );
}

function Disable({ person, onClose }: Props) {
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/users/{id}/disable', { params: { path: { id: person.id } } }),
    touches,
    done: words.disabled(person.name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.disableTitle(person.name)} confirm={words.disableNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.disable}
    </ConfirmDialog>
  );
}

function EndSessions({ person, onClose }: Props) {
  const action = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/users/{id}/sessions', { params: { path: { id: person.id } } }),
    touches,
    done: (answer) => words.ended(answer.ended),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.endTitle(person.name)} confirm={words.endNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.end}
    </ConfirmDialog>
  );
}

function HandOver({ person, onClose }: Props) {
  const [to, setTo] = useState<{ id: string; name: string } | null>(null);
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/users/{id}/hand-over', { params: { path: { id: person.id } }, body: { to: to?.id ?? '' } }),
    touches: [...touches, ['accounts'], ['keys'], ['get', '/v1/service-accounts/{id}'], ['get', '/v1/keys/{id}']],
    done: (answer) => words.handedOver(answer.keys, answer.service_accounts),
    onDone: onClose,
  });
  return (
    <FormDialog title={words.handOverTitle(person.name)} submit={words.handOverNow} size="S" action={action} fields={['to']} isReady={to !== null} onSubmit={() => action.run(undefined)} onClose={onClose}>
      <span>{words.handOver}</span>
      <PersonField label={words.handOverTo} name="to" person={to} onChange={setTo} without={person.id} isRequired />
    </FormDialog>
  );
}

function Remove({ person, onClose, onGone }: Props & { onGone?: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.DELETE('/v1/users/{id}', { params: { path: { id: person.id } } }),
    touches: [['users'], ['roles']],
    done: words.removed(person.name),
    onDone: () => {
      onClose();
      onGone?.();
    },
  });
  return (
    <ConfirmDialog title={words.removeTitle(person.name)} confirm={words.removeNow} word={person.email} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.remove}
    </ConfirmDialog>
  );
}

/** The dialog that was asked for. */
export function PersonDialog({ asked, onLink, onGone, ...props }: Props & { asked: Asked | undefined; onLink: (link: LinkShown) => void; onGone?: () => void }) {
  if (asked === 'edit') return <PersonForm {...props} />;
  if (asked === 'recover') return <Recover {...props} onLink={onLink} />;
  if (asked === 'disable') return <Disable {...props} />;
  if (asked === 'sessions') return <EndSessions {...props} />;
  if (asked === 'handOver') return <HandOver {...props} />;
  if (asked === 'remove') return <Remove {...props} onGone={onGone} />;
  return null;
}
