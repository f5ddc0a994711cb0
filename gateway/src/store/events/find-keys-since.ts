import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** When the oldest generation of the ledger that is left was opened; no row while none has ever been dropped. */
const findOldestOpening = cold<{ opened_at: Date }>(
  "find_oldest_opening",
  `SELECT g.opened_at FROM (SELECT gen, opened_at FROM holdfast.dedupe_generation ORDER BY gen LIMIT 1) g WHERE g.gen > 1`,
);

/** Whoever began a write before the turn may have ended it after, and providers' clocks are not ours. */
const MARGIN_MS = 300_000;

/**
 * Since when the ledger knows every key: a repeat of what came before may look new. Null while nothing has been forgotten. It is what the
 * ledger holds and not what is configured: a horizon that was made longer brings no key back.
 */
export async function findKeysSince(db: Queryable): Promise<Date | null> {
  const oldest = (await db.run(findOldestOpening, [])).rows[0];
  return oldest === undefined ? null : new Date(oldest.opened_at.getTime() + MARGIN_MS);
}
