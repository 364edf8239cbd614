// State that a link shares: filters, order, columns, the open tab.
import { useNavigate, useSearch } from '@tanstack/react-router';

/**
 * `const [state, setState] = useUrlState({q: '', sort: '-created_at'})`: what is as by default is left out of the address.
 * Going back undoes a visit to a page, not each letter that was typed.
 */
export function useUrlState<State extends Record<string, string>>(defaults: State): [State, (patch: Partial<State>) => void] {
  const query: Record<string, string | undefined> = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, query[name] ?? value])) as State;
  const set = (patch: Partial<State>) => {
    const said = Object.entries(patch).map(([name, value]) => [name, value === defaults[name] ? undefined : value]);
    const next = (before: Record<string, unknown>) => ({ ...before, ...Object.fromEntries(said) });
    void navigate({ to: '.', search: next as never, replace: true });
  };
  return [state, set];
}
