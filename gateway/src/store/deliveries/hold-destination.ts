import { cold } from "../statement.ts";

/**
 * Holds what waits for a destination that was disabled; leased ones finish. A part of a large backlog alone: the rest is
 * held when its time has come, or at the head of the queue. Parameters: destination uuid, reason, limit int.
 */
export const holdDestination = cold(
  "hold_destination",
  `WITH picked AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.state IN ('ready', 'scheduled') LIMIT $3 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'held', held_reason = $2, due_at = NULL, permit = false
     FROM picked
    WHERE d.bucket = picked.bucket AND d.id = picked.id AND d.state IN ('ready', 'scheduled')`,
);
