// What an operator does with one organisation, from its row.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { actIn } from '@/api/organisation';
import type { components } from '@/api/schema';
import { useSession } from '@/api/session';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { copyText } from '@/components/CopyButton';
import { OrganisationForm } from './OrganisationForm';
import { common } from '@/strings/en/common';
import { organisations as words } from '@/strings/en/organisations';

export type Organisation = components['schemas']['Organisation'];
export type Asked = 'edit' | 'suspend' | 'close';

/** Whatever shows organisations, read anew after a change. */
export const touches = [['organisations'], ['session']] as const;

/** Acts in an organisation from the next page on. Nothing of another tenant may stay on the page, nor in memory. */
export function enter(slug: string | undefined, path = '/') {
  actIn(slug);
  window.location.assign(path);
}

function Suspend({ of, onClose }: { of: Organisation; onClose: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/organisations/{id}/suspend', { params: { path: { id: of.id } } }),
    touches,
    done: words.suspended(of.name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.suspendTitle(of.name)} confirm={words.suspendNow} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.suspend}
    </ConfirmDialog>
  );
}

function Close({ of, onClose }: { of: Organisation; onClose: () => void }) {
  const action = useAction({
    saysFaults: true,
    call: () => api.POST('/v1/organisations/{id}/close', { params: { path: { id: of.id } }, body: { confirm: of.slug } }),
    touches,
    done: words.closed(of.name),
    onDone: onClose,
  });
  return (
    <ConfirmDialog title={words.closeTitle(of.name)} confirm={words.closeNow} word={of.slug} isRunning={action.isRunning} error={action.error} onConfirm={() => action.run(undefined)} onCancel={onClose}>
      {words.close}
    </ConfirmDialog>
  );
}

/** The dialog that was asked for. */
export function OrganisationDialog({ asked, of, onClose }: { asked: Asked; of: Organisation; onClose: () => void }) {
  if (asked === 'edit') return <OrganisationForm of={of} onClose={onClose} />;
  return asked === 'suspend' ? <Suspend of={of} onClose={onClose} /> : <Close of={of} onClose={onClose} />;
}

/** The ⋮ of an organisation. Nobody is offered to stop the one that they come from. */
export function OrganisationMenu({ of, onAsk }: { of: Organisation; onAsk: (what: Asked) => void }) {
  const { home, organisation } = useSession();
  const resume = useAction({
    call: () => api.POST('/v1/organisations/{id}/resume', { params: { path: { id: of.id } } }),
    touches,
    done: words.resumed(of.name),
  });
  const over = of.status === 'closed';
  const isHome = of.id === home.id;
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(of.slug, words.actions.copySlug);
    else if (action === 'enter') enter(isHome ? undefined : of.slug);
    else if (action === 'resume') resume.run(undefined);
    else onAsk(action as Asked);
  };
  return (
    <ActionMenu isQuiet size="S" aria-label={common.moreFor(of.name)} onAction={onAction}>
      <MenuSection aria-label={words.actions.edit}>
        {!over && of.id !== organisation.id && <MenuItem id="enter">{isHome ? words.actions.leave : words.actions.enter}</MenuItem>}
        {!over && <MenuItem id="edit">{words.actions.edit}</MenuItem>}
        <MenuItem id="copy">{words.actions.copySlug}</MenuItem>
      </MenuSection>
      {!over && !isHome && (
        <MenuSection aria-label={words.columns.status}>
          {of.status === 'suspended' ? <MenuItem key="resume" id="resume">{words.actions.resume}</MenuItem> : <MenuItem key="suspend" id="suspend">{words.actions.suspend}</MenuItem>}
          <MenuItem id="close">{words.actions.close}</MenuItem>
        </MenuSection>
      )}
    </ActionMenu>
  );
}
