import { cold } from "../statement.ts";

/**
 * Takes back the permits of what no worker has claimed yet: it waits at the gate again. Only who holds the gate's row may run it.
 * Parameters: destination uuid, limit int.
 */
export const takePermits = cold(
  "take_permits",
  `WITH given AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.permit AND q.state = 'ready'
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'held', held_reason = 'destination_gated', permit = false
     FROM given
    WHERE d.bucket = given.bucket AND d.id = given.id AND d.state = 'ready'`,
);
