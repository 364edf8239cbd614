// Lists that come a page at a time, by cursor.
import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

type Answered<Item> = Promise<{ data?: Page<Item>; error?: unknown }>;

type FetchPage<Item> = (asked: { cursor: string | undefined; signal: AbortSignal }) => Answered<Item>;

/** A list's query, for whoever asks for it before it is shown. */
export function pagesOptions<Item>(queryKey: readonly unknown[], fetchPage: FetchPage<Item>) {
  return infiniteQueryOptions({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await fetchPage({ cursor: pageParam, signal });
      if (!data) throw error;
      return data;
    },
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

/**
 * A list as one array, with `loadMore` for the table's end.
 *
 * `fetchPage` gets the cursor and the signal: `({cursor, signal}) => api.GET('/v1/keys', {params: {query: {...filters, cursor}}, signal})`.
 * While filters change, the rows that were there stay (`isStale`).
 */
export function usePages<Item>(queryKey: readonly unknown[], fetchPage: FetchPage<Item>) {
  const list = useInfiniteQuery({ ...pagesOptions(queryKey, fetchPage), placeholderData: keepPreviousData });
  return {
    items: list.data?.pages.flatMap((page) => page.items) ?? [],
    error: list.error,
    isPending: list.isPending,
    isStale: list.isPlaceholderData,
    isLoadingMore: list.isFetchingNextPage,
    hasMore: list.hasNextPage,
    refetch: () => void list.refetch(),
    loadMore: () => {
      if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
    },
  };
}
