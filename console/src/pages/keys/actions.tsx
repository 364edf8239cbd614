// What can be done with one key: the ⋮ of its row, and of its page.
import { ActionMenu } from '@react-spectrum/s2/ActionMenu';
import { Text } from '@react-spectrum/s2/Text';
import { MenuItem, MenuSection } from '@react-spectrum/s2/Menu';
import Copy from '@react-spectrum/s2/icons/Copy';
import Data from '@react-spectrum/s2/icons/DataRefresh';
import Delete from '@react-spectrum/s2/icons/Delete';
import Edit from '@react-spectrum/s2/icons/Edit';
import Lock from '@react-spectrum/s2/icons/Lock';
import LockOpen from '@react-spectrum/s2/icons/LockOpen';
import OpenIn from '@react-spectrum/s2/icons/OpenIn';
import Pause from '@react-spectrum/s2/icons/Pause';
import Play from '@react-spectrum/s2/icons/Play';
import Refresh from '@react-spectrum/s2/icons/Refresh';
import RemoveCircle from '@react-spectrum/s2/icons/RemoveCircle';
import Visibility from '@react-spectrum/s2/icons/Visibility';
import { useRouter } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import type { Ask } from './dialogs/KeyDialogs';
import { useAction } from '@/api/action';
import { api } from '@/api/client';
import { useMay } from '@/api/session';
import type { components } from '@/api/schema';
import { copyText } from '@/components/CopyButton';
import { common } from '@/strings/en/common';
import { keyDialogs } from '@/strings/en/key';
import { keys as words } from '@/strings/en/keys';

export type KeyRow = components['schemas']['Key'];
export type Switch = 'disable' | 'enable' | 'protect' | 'unprotect';

/** Whatever shows keys, read anew after a change. */
export const touches = [['keys'], ['get', '/v1/keys/{id}'], ['get', '/v1/keys/summary'], ['key-events'], ['effective'], ['get', '/v1/attention'], ['get', '/v1/keys/{id}/right-size'], ['get', '/v1/keys/{id}/anomalies']] as const;

function flip(which: Switch, id: string) {
  const at = { params: { path: { id } } };
  if (which === 'disable') return api.POST('/v1/keys/{id}/disable', at);
  if (which === 'enable') return api.POST('/v1/keys/{id}/enable', at);
  if (which === 'protect') return api.POST('/v1/keys/{id}/protect', at);
  return api.POST('/v1/keys/{id}/unprotect', at);
}

/** `const flip = useSwitch(); flip.run({key, which: 'disable'})` */
export function useSwitch() {
  return useAction({
    call: ({ key, which }: { key: KeyRow; which: Switch }) => flip(which, key.id),
    touches,
    done: (_, { key, which }) => words.done[which](key.name),
  });
}

export function isOver(key: KeyRow): boolean {
  return key.status === 'revoked' || key.status === 'deleted';
}

interface Item {
  id: string;
  label: string;
  icon: ComponentType;
  shown: boolean;
}

/** The groups of the menu, for a key and what one may. */
function useItems(row: KeyRow, onPage: boolean): Item[][] {
  const may = useMay();
  const live = !isOver(row);
  const edits = live && may('claviger:keys.update');
  const ends = may('claviger:keys.revoke') && row.status !== 'deleted';
  const revealable = row.secrets?.some((one) => one.revealable && one.status === 'current') ?? false;
  const groups: Item[][] = [
    [
      { id: 'open', label: words.actions.open, icon: OpenIn, shown: !onPage },
      { id: 'edit', label: words.actions.edit, icon: Edit, shown: edits && !onPage },
      { id: 'rotate', label: words.actions.rotate, icon: Refresh, shown: edits && !onPage },
      { id: 'reveal', label: keyDialogs.menu.reveal, icon: Visibility, shown: live && revealable && may('claviger:keys.reveal') },
      { id: 'quota', label: keyDialogs.menu.quota, icon: Data, shown: edits && row.quota !== null },
      { id: 'copy', label: words.actions.copyId, icon: Copy, shown: true },
    ],
    [
      { id: 'disable', label: words.actions.disable, icon: Pause, shown: edits && row.enabled },
      { id: 'enable', label: words.actions.enable, icon: Play, shown: edits && !row.enabled },
      { id: 'unprotect', label: words.actions.unprotect, icon: LockOpen, shown: edits && row.protected },
      { id: 'protect', label: words.actions.protect, icon: Lock, shown: edits && !row.protected },
    ],
    [
      { id: 'revoke', label: words.actions.revoke, icon: RemoveCircle, shown: ends && live },
      { id: 'delete', label: words.actions.delete, icon: Delete, shown: ends },
    ],
  ];
  return groups.map((group) => group.filter((item) => item.shown)).filter((group) => group.length > 0);
}

/** The ⋮ of a key. `onPage`: beside what the page shows as buttons. */
export function KeyMenu({ row, onPage = false, onAsk }: { row: KeyRow; onPage?: boolean; onAsk: (what: Ask, row: KeyRow) => void }) {
  const router = useRouter();
  const change = useSwitch();
  const groups = useItems(row, onPage);
  const onAction = (action: React.Key) => {
    if (action === 'copy') void copyText(row.id, words.actions.copyId);
    else if (action === 'open') void router.navigate({ href: `/keys/${row.id}` });
    else if (action === 'edit') void router.navigate({ href: `/keys/${row.id}/edit` });
    else if (action === 'disable' || action === 'enable' || action === 'protect' || action === 'unprotect') change.run({ key: row, which: action });
    else onAsk(action as Ask, row);
  };
  return (
    <ActionMenu isQuiet={!onPage} size={onPage ? 'M' : 'S'} aria-label={common.moreFor(row.name)} onAction={onAction}>
      {groups.map((group) => (
        <MenuSection key={group[0]?.id} aria-label={group[0]?.label}>
          {group.map(({ id, label, icon: Icon }) => <MenuItem key={id} id={id} textValue={label}><Icon /><Text slot="label">{label}</Text></MenuItem>)}
        </MenuSection>
      ))}
    </ActionMenu>
  );
}
