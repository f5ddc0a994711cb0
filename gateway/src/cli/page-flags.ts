import type { AskFlags } from "./ask-gateway.ts";
import { readNumber } from "./number-flags.ts";
import { type ExitCode, printJson, type Shell } from "./shell.ts";

/** The flags of every list. */
export interface PageFlags extends AskFlags {
  readonly limit: string;
  readonly cursor?: string;
}

/** The API gives at most 200 at once; more are asked for page by page. */
const PAGE_MAX = 200;
const LIMIT_MAX = 1_000;

interface PageOf<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Collects up to `limit` items over as many pages as that takes. */
export async function collect<T>(
  limit: number,
  cursor: string | undefined,
  fetchPage: (query: { readonly limit: number; readonly cursor?: string }) => Promise<PageOf<T>>,
): Promise<PageOf<T>> {
  const items: T[] = [];
  let next: string | null | undefined = cursor;
  do {
    const query = { limit: Math.min(PAGE_MAX, limit - items.length), ...(next ? { cursor: next } : {}) };
    const page: PageOf<T> = await fetchPage(query);
    items.push(...page.items);
    next = page.nextCursor === next ? null : page.nextCursor;
  } while (next !== null && items.length < limit);
  return { items, nextCursor: next };
}

/** `--limit` as a number; null, and a complaint printed, when it is none. */
export function readLimit(shell: Shell, flags: PageFlags): number | null {
  return readNumber(shell, { name: "limit", text: flags.limit, min: 1, max: LIMIT_MAX, json: flags.json === true });
}

/** The end of a list: one JSON line an item, or the lines of a table and how to go on. */
export function printPage<T>(
  shell: Shell,
  flags: PageFlags,
  page: PageOf<T>,
  human: { lines: string[]; empty: string },
): ExitCode {
  if (flags.json === true) {
    for (const item of page.items) printJson(shell, item);
    return 0;
  }
  if (page.items.length === 0) shell.print(human.empty);
  else for (const line of human.lines) shell.print(line);
  if (page.nextCursor !== null) shell.note(shell.paint.dim(`There are more: --cursor ${page.nextCursor}`));
  return 0;
}
