import { RELEASED } from "../gates/released.ts";
import { cold } from "../statement.ts";

/**
 * Holds what waits for a destination, in one range of buckets; leased deliveries finish. A range at a time, because one
 * statement over a backlog of millions would not end within its timeout.
 * Parameters: tenant, destination uuid, held reason, first bucket, last bucket.
 */
export const holdWaiting = cold(
  "hold_waiting",
  `UPDATE holdfast.delivery SET state = 'held', held_reason = $3, due_at = NULL, permit = false
    WHERE tenant = $1 AND destination_id = $2 AND bucket BETWEEN $4 AND $5 AND state IN ('ready', 'scheduled')`,
);

/**
 * Lets go what its destination's state held, in the order in which it came.
 * Parameters: tenant, destination uuid, first bucket, last bucket.
 */
export const releaseWaiting = cold(
  "release_waiting",
  `UPDATE holdfast.delivery d SET ${RELEASED}
    WHERE tenant = $1 AND destination_id = $2 AND bucket BETWEEN $3 AND $4 AND state = 'held'
      AND held_reason IN ('destination_paused', 'destination_disabled')`,
);
