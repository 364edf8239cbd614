// Changes: a typed call, its faults by field, and what must be read anew afterwards.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ToastQueue } from '@react-spectrum/s2/Toast';
import { faultsByField, isProblem, told } from './problem';

type Answered<Data> = Promise<{ data?: Data; error?: unknown; response: Response }>;

interface Options<Input, Data> {
  /** The call: `(id) => api.POST('/v1/keys/{id}/revoke', {params: {path: {id}}})`. */
  call: (input: Input) => Answered<Data>;
  /** The beginnings of the query keys that it makes untrue, e.g. `[['keys']]`. */
  touches?: readonly (readonly unknown[])[];
  /** Said in a toast. */
  done?: string | ((data: Data, input: Input) => string);
  onDone?: (data: Data, input: Input) => void;
  /** Whether the form says itself what was wrong; else a toast does. */
  saysFaults?: boolean;
  /** The answer holds a secret: it goes to `onDone` alone, and is never kept. */
  isSecret?: boolean;
}

/** `const revoke = useAction({call, touches, done}); revoke.run(id)`; `revoke.faults` go to Spectrum's Form. */
export function useAction<Input, Data>({ call, touches = [], done, onDone, saysFaults = false, isSecret = false }: Options<Input, Data>) {
  const queries = useQueryClient();
  const mutation = useMutation({
    mutationFn: async (input: Input) => {
      const { data, error, response } = await call(input);
      if (!response.ok) throw error ?? { code: 'internal', status: response.status, title: response.statusText, detail: '' };
      if (!isSecret) return data as Data;
      onDone?.(data as Data, input);
      return undefined as Data;
    },
    onSuccess: async (data, input) => {
      if (!isSecret) onDone?.(data, input);
      if (done) ToastQueue.positive(typeof done === 'string' ? done : done(data, input), { timeout: 5000 });
      await Promise.all(touches.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
    onError: (error) => {
      if (saysFaults) return;
      const { title, detail } = told(error);
      ToastQueue.negative(`${title}: ${detail}`, { timeout: 10_000 });
    },
  });
  return {
    run: mutation.mutate,
    runAsync: mutation.mutateAsync,
    isRunning: mutation.isPending,
    error: mutation.error,
    problem: isProblem(mutation.error) ? mutation.error : undefined,
    faults: faultsByField(mutation.error),
    reset: mutation.reset,
  };
}

/** The headers of an edit that must not overwrite somebody else's: `{headers: ifMatch(key.version)}`. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}
