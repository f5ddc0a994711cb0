import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";
import { holdDestination } from "../deliveries/hold-destination.ts";

const disable = cold(
  "disable_destination",
  `UPDATE holdfast.destination SET state = 'disabled', state_reason = $2, updated_at = $3
    WHERE id = $1 AND state = 'active' AND ($4::text IS NULL OR url = $4)`,
);
const bump = cold(
  "bump_catalog_version",
  "UPDATE holdfast.setting SET value = (value::bigint + 1)::text WHERE name = 'catalog_version'",
);

const HELD_AT_ONCE_MAX = 5_000;

/**
 * Disables a destination and holds what waits for it, the rest of a large backlog by and by; nothing is discarded.
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
  await tx.run(holdDestination, [id, "destination_disabled", HELD_AT_ONCE_MAX]);
  await tx.run(bump, []);
  return true;
}
