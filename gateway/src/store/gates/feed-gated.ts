import { cold } from "../statement.ts";

/**
 * Lets out what waits at a destination's gate, the most urgent first. Only who holds the gate's row may run it. The CTE is a
 * fence: as a subquery the planner may run the LIMIT more than once.
 * Parameters: destination uuid, limit int, whether each takes a permit.
 */
export const feedGated = cold(
  "feed_gated",
  `WITH next AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
      ORDER BY q.priority, q.rank
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'ready', held_reason = NULL, permit = $3, ready_at = now()
     FROM next
    WHERE d.bucket = next.bucket AND d.id = next.id AND d.state = 'held'`,
);
