import { QueryClient } from '@tanstack/react-query';
import { isProblem } from './problem';

/** What the server refused is not asked again; what the network lost is, twice. */
function again(failures: number, error: unknown): boolean {
  return failures < 2 && !(isProblem(error) && error.status < 500);
}

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: again, staleTime: 5_000, refetchOnWindowFocus: true }, mutations: { retry: false } },
});
