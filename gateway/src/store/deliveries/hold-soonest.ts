import { cold } from "../statement.ts";

/**
 * Holds what waits for its time and its destination, of those alone whose time comes first: no index leads from a destination to what
 * is scheduled for it, so any other look goes through all that waits for anybody. The rest is held when its time has come.
 * Parameters: destination uuid, held reason, window int.
 */
export const holdSoonest = cold(
  "hold_soonest",
  `WITH soonest AS MATERIALIZED (
     SELECT q.bucket, q.id, q.destination_id FROM holdfast.delivery q
      WHERE q.state = 'scheduled' ORDER BY q.due_at LIMIT $3),
   picked AS MATERIALIZED (
     SELECT d.bucket, d.id
       FROM soonest s
       JOIN holdfast.delivery d ON d.bucket = s.bucket AND d.id = s.id
      WHERE s.destination_id = $1 AND d.state = 'scheduled'
        FOR UPDATE OF d SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'held', held_reason = $2, due_at = NULL, permit = false
     FROM picked
    WHERE d.bucket = picked.bucket AND d.id = picked.id AND d.state = 'scheduled'`,
);
