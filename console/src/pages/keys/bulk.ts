// The same change to many keys, one after the other, so that each is one audit record and the first fault stops nothing.
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { told } from '@/api/problem';

export interface BulkState {
  done: number;
  total: number;
  failures: { name: string; detail: string }[];
  running: boolean;
}

type Call<Item> = (item: Item) => Promise<{ error?: unknown; response: Response }>;

/** Runs a call for each of some keys; four at once, and it can be stopped between two. */
export function useBulk() {
  const queries = useQueryClient();
  const [state, setState] = useState<BulkState>();
  const stopped = useRef(false);
  const run = async <Item extends { name: string }>(items: readonly Item[], call: Call<Item>) => {
    stopped.current = false;
    const left = [...items];
    const failures: BulkState['failures'] = [];
    let done = 0;
    const show = (running: boolean) => setState({ done, total: items.length, failures: [...failures], running });
    show(true);
    const worker = async () => {
      for (let item = left.shift(); item && !stopped.current; item = left.shift()) {
        try {
          const { error, response } = await call(item);
          if (response.ok) done += 1;
          else failures.push({ name: item.name, detail: told(error).detail });
        } catch (lost) {
          failures.push({ name: item.name, detail: told(lost).detail });
        }
        show(true);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    show(false);
    await queries.invalidateQueries({ queryKey: ['keys'] });
    return failures.length === 0;
  };
  return {
    state,
    run,
    stop: () => {
      stopped.current = true;
    },
    close: () => setState(undefined),
  };
}
