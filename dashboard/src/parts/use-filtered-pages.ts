import type { SearchedPage } from "@holdfast/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { toApiFilter } from "./span-field.tsx";

type Texts = Readonly<Record<string, string>>;
type Searched = SearchedPage<unknown>["searched"];

const PAGE_ROWS = 50;

/**
 * A list that is fetched page by page by the filter of the address. "The last hour" is counted from now when the first page is
 * asked for, and every page after it is asked for from that same moment: a cursor counts for the very filter that gave it.
 *
 * @param fetchPage takes the filter as the API has it, with the limit and the cursor
 * @param whileEmptyMs how often to ask again while there is no row; no more once somebody has gone on to older ones, all of which would be
 *   searched anew each time
 */
export function useFilteredPages<Item>({
  key,
  filter,
  fetchPage,
  whileEmptyMs = false,
}: {
  key: readonly string[];
  filter: Texts;
  fetchPage: (query: Record<string, string>) => Promise<SearchedPage<Item>>;
  whileEmptyMs?: number | false;
}) {
  const list = useInfiniteQuery({
    queryKey: [...key, filter],
    queryFn: async ({ pageParam }) => {
      const asked = pageParam?.asked ?? toApiFilter(filter);
      const query = { ...asked, limit: String(PAGE_ROWS) };
      const page = await fetchPage(pageParam === null ? query : { ...query, cursor: pageParam.cursor });
      return { ...page, asked, readAtMs: Date.now() };
    },
    initialPageParam: null as { readonly asked: Texts; readonly cursor: string } | null,
    getNextPageParam: ({ asked, nextCursor }) => (nextCursor === null ? undefined : { asked, cursor: nextCursor }),
    // While another filter is looked for, the rows of the one before stay: a screen that is blank for a moment loses one's place.
    placeholderData: (before) => (before?.pages.some(({ items }) => items.length > 0) ? before : undefined),
    refetchInterval: ({ state: { data } }) =>
      data?.pages.length === 1 && data.pages[0]?.items.length === 0 ? whileEmptyMs : false,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return { list, rows, searched: sumSearched(list.data?.pages ?? []) };
}

/**
 * How far a list has searched. A page tells of itself alone; one that is full ends with its last row and not where its search
 * did, so the next one may look at the same again, and it does not count.
 */
function sumSearched(pages: readonly SearchedPage<unknown>[]): Searched {
  const last = pages.at(-1)?.searched ?? null;
  if (last === null || last.newest === null || pages.length === 1) return last;
  if (last.complete) return { newest: null, complete: true };
  const before = pages.slice(0, -1).filter(({ items }) => items.length < PAGE_ROWS);
  return { newest: before.reduce((sum, { searched }) => sum + (searched?.newest ?? 0), last.newest), complete: false };
}
