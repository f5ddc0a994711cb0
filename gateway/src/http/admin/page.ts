import { createHash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Refusal } from "./refusal.ts";
import { invalid } from "./refusal.ts";

export const PAGE_ITEMS_MAX = 200;
const PAGE_ITEMS_DEFAULT = 50;

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Above every id, so that a list without a cursor begins at the newest. */
export const UUID_MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff";
export const UUID_MIN = "00000000-0000-0000-0000-000000000000";

/** What every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS_DEFAULT).openapi({ example: 50 }),
  cursor: z.string().max(512).optional().openapi({ description: "nextCursor of the page before" }),
};

/** The schema of a page of items. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** How far a bounded search went. */
export const searchedSchema = z
  .object({ newest: z.number().int().nullable(), complete: z.boolean() })
  .nullable()
  .openapi({
    description:
      "How many rows this page's search went through, null: all there are, and whether that is everything; nextCursor goes on. Null where nothing had to be searched",
  });

/** The schema of a page whose filters are searched for among the newest rows. */
export function searchedPageOf<T extends z.ZodType>(item: T) {
  return pageOf(item).extend({ searched: searchedSchema });
}

/** Where a page begins: after the item with these keys; null at the start. */
export type Start = { readonly ok: true; readonly after: readonly string[] | null } | Refusal;

/**
 * Reads a cursor: the keys of the last item seen, bound to the list and its filters. A cursor of another query is refused,
 * since going on with it would silently leave items out.
 *
 * @param forms what every key has to look like, or each: what goes to the database as another type than text fails there
 */
export function readCursor(
  scope: readonly unknown[],
  cursor: string | undefined,
  keys: number,
  forms: RegExp | readonly RegExp[] = UUID,
): Start {
  if (cursor === undefined) return { ok: true, after: null };
  const [print, ...after] = Buffer.from(cursor, "base64url").toString("utf8").split("\n");
  const formOf = (at: number): RegExp => (forms instanceof RegExp ? forms : (forms[at] ?? UUID));
  if (print !== fingerprint(scope) || after.length !== keys || !after.every((key, at) => formOf(at).test(key))) {
    return invalid({
      path: "cursor",
      problem: "is not a cursor of this list with these filters; start again without it",
    });
  }
  return { ok: true, after };
}

/**
 * Cuts a page out of rows that were read with one more than the limit, and makes the cursor of what follows.
 *
 * @param keysOf the ordering keys of a row, without line breaks
 * @param floor where a bounded search ended without having seen everything; null when it saw all there is
 */
export function toPage<Row, Item>(
  scope: readonly unknown[],
  rows: readonly Row[],
  limit: number,
  keysOf: (row: Row) => readonly string[],
  toItem: (row: Row) => Item,
  floor: readonly string[] | null = null,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? keysOf(last) : floor;
  return { items: shown.map(toItem), nextCursor: next === null ? null : writeCursor(scope, next) };
}

function writeCursor(scope: readonly unknown[], keys: readonly string[]): string {
  return Buffer.from([fingerprint(scope), ...keys].join("\n")).toString("base64url");
}

function fingerprint(scope: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(scope)).digest("base64url").slice(0, 12);
}
