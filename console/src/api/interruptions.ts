// What comes between a request and its answer: the session has expired, or the person must show again who they are. The request
// waits, a dialog asks (shell/Interruptions.tsx), and the request is sent again. So no form is lost.

export type Interruption = 'expired' | 'confirm';

type Listener = () => void;
interface Asked {
  kind: Interruption;
  answer: (again: boolean) => void;
  outcome: Promise<boolean>;
}

let asked: Asked | undefined;
const listeners = new Set<Listener>();

function changed() {
  for (const listener of listeners) listener();
}

/** Asks the person, once for all requests that wait meanwhile; answers whether they may be sent again. */
export function interrupt(kind: Interruption): Promise<boolean> {
  // Who has signed in again is asked for no more; a confirmation that waits behind it asks anew.
  if (asked) return asked.kind === kind ? asked.outcome : asked.outcome.then((again) => again && interrupt(kind));
  let answer!: (again: boolean) => void;
  const outcome = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  asked = { kind, answer, outcome };
  changed();
  return outcome;
}

/** The dialog is done: the requests that wait are sent again, or refused. */
export function settle(again: boolean) {
  const settled = asked;
  asked = undefined;
  changed();
  settled?.answer(again);
}

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is asked now; for `useSyncExternalStore`. */
export function current(): Interruption | undefined {
  return asked?.kind;
}
