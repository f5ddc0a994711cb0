import type { Page } from "./api-shapes.ts";
import type { PageQuery } from "./list-queries.ts";

/** Everything on a list, fetched page by page as it is asked for. */
export async function* walk<T>(
  fetchPage: (query: PageQuery) => Promise<Page<T>>,
  query: PageQuery = {},
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined = query.cursor;
  while (true) {
    const page: Page<T> = await fetchPage({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    // A server that gives the same cursor again would be asked for ever.
    if (page.nextCursor === null || page.nextCursor === cursor) return;
    cursor = page.nextCursor;
  }
}
