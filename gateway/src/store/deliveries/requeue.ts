import { cold } from "../statement.ts";

/**
 * Marks a dead delivery as retried, once: of two who ask at the same moment, the second waits for the first and then finds
 * the mark. Parameters: tenant, bucket, id, the new delivery's id.
 */
export const markRetried = cold<{
  event_id: string;
  destination_id: string;
  key: string;
  trigger: string;
  priority: number;
  lane: string;
  order_key: string | null;
  order_at: number | null;
}>(
  "mark_retried",
  `UPDATE holdfast.finished_delivery SET retried_as = $4
    WHERE tenant = $1 AND bucket = $2 AND id = $3 AND state = 'dead' AND retried_as IS NULL AND dismissed_at IS NULL
   RETURNING event_id, destination_id, key, trigger, priority, lane, order_key, order_at`,
);

/**
 * Queues the retry of a dead delivery: a new one with the same key. What retries a copy is a copy, and never the event's own.
 * It waits from now on: its id is of a time to come where its event's is.
 * Parameters: bucket, id, tenant, event id, destination id, key, delivery that it retries, priority, lane, rank, state,
 * held reason, order key, place in its order bigint, what had made the dead one.
 */
export const insertRetry = cold(
  "insert_retry",
  `INSERT INTO holdfast.delivery (
     bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, rank, state, held_reason, order_key,
     order_at, attempt, refusals, ready_at)
   VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $15::text = 'copy' THEN 'copy' ELSE 'retry' END, $7, $8, $9, $10::float8, $11, $12,
           $13, $14, 0, 0, CASE WHEN $11::text = 'ready' THEN now() END)`,
);

/** Lets a scheduled delivery wait at its destination's gate at once. Parameters: tenant, bucket, id, rank. */
export const gateNow = cold(
  "gate_now",
  `UPDATE holdfast.delivery SET state = 'held', held_reason = 'destination_gated', due_at = NULL, rank = $4::float8
    WHERE tenant = $1 AND bucket = $2 AND id = $3 AND state = 'scheduled'`,
);

/** Makes a waiting delivery ready at once. Parameters: tenant, bucket, id, rank. */
export const readyNow = cold(
  "ready_now",
  `UPDATE holdfast.delivery SET state = 'ready', due_at = NULL, held_reason = NULL, rank = $4::float8, ready_at = now()
    WHERE tenant = $1 AND bucket = $2 AND id = $3 AND state IN ('scheduled', 'held')
      AND held_reason IS DISTINCT FROM 'ordered'`,
);
