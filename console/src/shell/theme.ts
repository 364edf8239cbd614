// Light, dark, or as the system has it; remembered in this browser.
import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark' | 'system';

const KEY = 'claviger.theme';
const listeners = new Set<() => void>();

function read(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

let theme = read();

/** Tells the page itself; before the first picture, so that nothing flashes. */
export function applyTheme() {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.colorScheme;
  else root.dataset.colorScheme = theme;
}

export function setTheme(next: Theme) {
  theme = next;
  if (next === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  applyTheme();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}
