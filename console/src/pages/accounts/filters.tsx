// Search and filters of the list, all of it in the address, and the list that follows from them.
import { Picker, PickerItem } from '@react-spectrum/s2/Picker';
import { ToggleButton } from '@react-spectrum/s2/ToggleButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import { useQuery } from '@tanstack/react-query';
import type { Account } from './actions';
import { api } from '@/api/client';
import { usePages } from '@/api/pages';
import { useRoles } from '@/api/roles';
import { SearchBox } from '@/components/SearchBox';
import { accounts as words } from '@/strings/en/accounts';

export const defaults = { q: '', status: '', partner: '', role: '', orphaned: '', sort: '-created_at' };
export type AccountsState = typeof defaults;

export function isFiltered({ sort: _, ...filters }: AccountsState): boolean {
  return Object.values(filters).some(Boolean);
}

export function useAccounts({ orphaned, ...texts }: AccountsState) {
  const said = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''));
  return usePages<Account>(['accounts', 'list', said, orphaned], ({ cursor, signal }) =>
    api.GET('/v1/service-accounts', { params: { query: { ...said, ...(orphaned && { orphaned: true }), limit: 100, cursor } }, signal }),
  );
}

/** The partners, the first five hundred of them. */
function usePartners() {
  const { data } = useQuery({
    queryKey: ['accounts', 'partners'],
    queryFn: async ({ signal }) => {
      const answer = await api.GET('/v1/partners', { params: { query: { limit: 500 } }, signal });
      if (!answer.data) throw answer.error;
      return answer.data.items;
    },
  });
  return data ?? [];
}

const ANY = 'any';
const statuses = Object.entries(words.statusChoices).map(([id, name]) => ({ id: id || ANY, name }));

function Choice({ label, value, items, onChange }: { label: string; value: string; items: { id: string; name: string }[]; onChange: (id: string) => void }) {
  return (
    <Picker aria-label={label} items={items} value={value || ANY} onChange={(id) => onChange(id === ANY ? '' : String(id))} styles={style({ width: 152 })}>
      {(one) => <PickerItem id={one.id}>{one.name}</PickerItem>}
    </Picker>
  );
}

export function Filters({ state, setState }: { state: AccountsState; setState: (patch: Partial<AccountsState>) => void }) {
  const partners = usePartners().map(({ name }) => ({ id: name, name }));
  const roles = useRoles().map(({ id, name }) => ({ id: id as string, name }));
  return (
    <div className={style({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 8 })}>
      <SearchBox label={words.search} placeholder={words.searchPlaceholder} value={state.q} onSearch={(q) => setState({ q })} />
      <Choice label={words.status} value={state.status} items={statuses} onChange={(status) => setState({ status })} />
      <Choice label={words.partner} value={state.partner} items={[{ id: ANY, name: words.anyPartner }, ...partners]} onChange={(partner) => setState({ partner })} />
      {roles.length > 0 && <Choice label={words.role} value={state.role} items={[{ id: ANY, name: words.anyRole }, ...roles]} onChange={(role) => setState({ role })} />}
      <ToggleButton isSelected={state.orphaned === '1'} onChange={(on) => setState({ orphaned: on ? '1' : '' })}>{words.orphaned}</ToggleButton>
    </div>
  );
}
