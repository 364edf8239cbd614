import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import { useRouter } from '@tanstack/react-router';
import type { Asked } from './dialogs';
import { touches, type Person } from './touches';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { useMay, useSession } from '@/api/session';
import { copyText } from '@/components/CopyButton';
import type { LinkShown } from '@/components/OneTimeLink';
import { common } from '@/strings/en/common';
import { people as words } from '@/strings/en/people';

interface Props {
  person: Person;
  onAsk: (what: Asked) => void;
  onLink: (link: LinkShown) => void;
  isRow?: boolean;
}

/** The ⋮ of somebody. Nobody is offered to shut themself out. */
export function PersonMenu({ person, onAsk, onLink, isRow = false }: Props) {
  const may = useMay();
  const self = useSession().user.id === person.id;
  const router = useRouter();
  const enable = useAction({
    call: () => api.POST('/v1/users/{id}/enable', { params: { path: { id: person.id } } }),
    touches,
    done: words.enabled(person.name),
  });
  const invite = useAction({
    isSecret: true,
    call: () => api.POST('/v1/users/{id}/invite', { params: { path: { id: person.id } } }),
    touches,
    onDone: (made) => onLink({ title: words.invitedAgain(made.name), email: made.email, url: made.invitation_url, endsAt: made.invitation_ends_at, mail: made.mail }),
  });
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(person.id, words.actions.copyId);
    else if (action === 'open') void router.navigate({ href: `/people/${person.id}` });
    else if (action === 'enable') enable.run(undefined);
    else if (action === 'invite') invite.run(undefined);
    else onAsk(action as Asked);
  };
  const manages = may('claviger:users.manage');
  return (
    <ActionMenu isQuiet={isRow} size={isRow ? 'S' : 'M'} aria-label={common.moreFor(person.name)} onAction={onAction}>
      <MenuSection aria-label={words.actions.open}>
        {isRow && <MenuItem id="open">{words.actions.open}</MenuItem>}
        {isRow && manages && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
        <MenuItem id="copy">{words.actions.copyId}</MenuItem>
      </MenuSection>
      {manages && !self && (
        <MenuSection aria-label={words.status}>
          {person.status === 'invited' && <MenuItem id="invite">{words.actions.invite}</MenuItem>}
          {person.status === 'active' && <MenuItem id="recover">{words.actions.recover}</MenuItem>}
          {person.status === 'active' && <MenuItem id="sessions">{words.actions.sessions}</MenuItem>}
          {person.status === 'disabled' ? <MenuItem key="enable" id="enable">{words.actions.enable}</MenuItem> : <MenuItem key="disable" id="disable">{words.actions.disable}</MenuItem>}
          <MenuItem id="handOver">{words.actions.handOver}</MenuItem>
          <MenuItem id="remove">{words.actions.remove}</MenuItem>
        </MenuSection>
      )}
    </ActionMenu>
  );
}
