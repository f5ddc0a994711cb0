import { cold } from "../statement.ts";
import { MADE_AT } from "./released.ts";

/**
 * Lets out what waits at a destination's gate, the most urgent first, each with a permit. Only who holds the gate's row may run it. The CTE is a
 * fence: as a subquery the planner may run the LIMIT more than once.
 * Parameters: destination uuid, limit int.
 */
export const feedGated = cold(
  "feed_gated",
  `WITH next AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
      ORDER BY q.priority, q.rank
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'ready', held_reason = NULL, permit = true, ready_at = now()
     FROM next
    WHERE d.bucket = next.bucket AND d.id = next.id AND d.state = 'held'`,
);

/** Lets out what waits at a gate that is no longer there. A turn that was given stays given. Parameters: destination uuid, limit int. */
export const releaseGate = cold(
  "release_gate",
  `WITH next AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
      ORDER BY q.priority, q.rank
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'scheduled', held_reason = NULL, due_at = ${MADE_AT}
     FROM next
    WHERE d.bucket = next.bucket AND d.id = next.id AND d.state = 'held'`,
);
