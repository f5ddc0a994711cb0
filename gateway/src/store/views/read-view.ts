import { isConnectionLost, codeOf } from "../database.ts";
import type { Database } from "../database.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** What a reader got; `too_long`: the search was cut at its time limit, and a narrower one may succeed. */
export type Viewed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly cause: "too_long" | "unavailable"; readonly message: string };

/** One search may take this long, however much is stored: a reader must not slow the path of events down. */
const VIEW_TIMEOUT_MS = 5_000;
const DEADLINE_MS = 8_000;

// As functions, since SET cannot be prepared; both end with the transaction. Parameter: milliseconds as text.
const limitView = cold(
  "limit_view",
  // Compiling a statement over all partitions takes longer than reading a page by it.
  `SELECT set_config('statement_timeout', $1, true), set_config('transaction_read_only', 'on', true),
          set_config('jit', 'off', true)`,
);

/**
 * Reads in one read-only transaction with its own time limit per statement. Expected failure (the database is away, the
 * search is too long) is returned; a statement that is wrong throws.
 *
 * @param limitMs how long one statement may take
 */
export async function readView<T>(
  db: Database,
  work: (tx: Queryable) => Promise<T>,
  limitMs = VIEW_TIMEOUT_MS,
): Promise<Viewed<T>> {
  const read = await db.transaction(async (tx) => {
    await tx.run(limitView, [String(limitMs)]);
    return work(tx);
  }, DEADLINE_MS);
  if (read.ok) return read;
  // 57014: cancelled by statement_timeout.
  if (read.code === "57014") return { ok: false, cause: "too_long", message: read.message };
  // What the server lacks (53), what was rolled back for others (40), locks (55) and lost connections pass by themselves.
  const passes = isConnectionLost({ code: read.code }) || /^(40|53|55|57)/.test(read.code ?? "");
  if (passes) return { ok: false, cause: "unavailable", message: read.message };
  throw new Error(`a view failed: ${read.message} (${codeOf(read)})`);
}
