import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";
import { holdSoonest } from "../deliveries/hold-soonest.ts";
import { holdHead } from "../gates/hold-head.ts";

const disable = cold(
  "disable_destination",
  `UPDATE holdfast.destination SET state = 'disabled', state_reason = $2, updated_at = $3
    WHERE id = $1 AND state = 'active' AND ($4::text IS NULL OR url = $4)`,
);
const bump = cold(
  "bump_catalog_version",
  "UPDATE holdfast.setting SET value = (value::bigint + 1)::text WHERE name = 'catalog_version'",
);

const HELD_REASON = "destination_disabled";
/** Some milliseconds of the database's time for each: who changes the catalog holds up everybody who does. */
const WINDOW = 1_000;

/**
 * Disables a destination, and holds what stands first of what waits for it: nothing is discarded. The rest is held by and by, by the
 * mover, the stager or the worker that claims it, whoever comes to it first.
 *
 * @param url null: whatever its target is
 * @returns whether it was active before, with this URL
 */
export async function disableDestination(
  tx: Queryable,
  { id, url }: { readonly id: string; readonly url: string | null },
  reason: string,
  now: Date,
): Promise<boolean> {
  const updated = await tx.run(disable, [id, reason, now.toISOString(), url]);
  if (updated.rowCount !== 1) return false;
  await tx.run(holdHead, [[id], [HELD_REASON], WINDOW]);
  await tx.run(holdSoonest, [id, HELD_REASON, WINDOW]);
  await tx.run(bump, []);
  return true;
}
