import { cold } from "../statement.ts";

/**
 * Marks dead deliveries as retried, each once: who asks second finds the mark. Locked in order, so that two who ask for the
 * same ones wait for each other and cannot deadlock.
 * Parameters: tenant, buckets int[], ids uuid[], successors uuid[], handling uuid or null.
 */
export const markManyRetried = cold<{
  bucket: number;
  id: string;
  event_id: string;
  destination_id: string;
  key: string;
  trigger: string;
  priority: number;
  lane: string;
  retried_as: string;
  order_key: string | null;
  order_at: number | null;
}>(
  "mark_many_retried",
  `WITH open AS MATERIALIZED (
     SELECT q.bucket, q.id, u.successor
       FROM unnest($2::int[], $3::uuid[], $4::uuid[]) AS u(bucket, id, successor)
       JOIN holdfast.finished_delivery q ON q.bucket = u.bucket AND q.id = u.id
      WHERE q.tenant = $1 AND q.state = 'dead' AND q.retried_as IS NULL AND q.dismissed_at IS NULL
      ORDER BY q.bucket, q.id FOR UPDATE OF q)
   UPDATE holdfast.finished_delivery f SET retried_as = open.successor, handling = coalesce($5, f.handling)
     FROM open
    WHERE f.bucket = open.bucket AND f.id = open.id AND f.retried_as IS NULL AND f.dismissed_at IS NULL
   RETURNING f.bucket, f.id, f.event_id, f.destination_id, f.key, f.trigger, f.priority, f.lane, f.retried_as,
             f.order_key, f.order_at`,
);

/** Dismisses dead letters. Parameters: tenant, buckets int[], ids uuid[], handling uuid, now. */
export const dismissMany = cold<{ id: string }>(
  "dismiss_many",
  `WITH open AS MATERIALIZED (
     SELECT q.bucket, q.id
       FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
       JOIN holdfast.finished_delivery q ON q.bucket = u.bucket AND q.id = u.id
      WHERE q.tenant = $1 AND q.state = 'dead' AND q.retried_as IS NULL AND q.dismissed_at IS NULL
      ORDER BY q.bucket, q.id FOR UPDATE OF q)
   UPDATE holdfast.finished_delivery f SET dismissed_at = $5, handling = $4
     FROM open
    WHERE f.bucket = open.bucket AND f.id = open.id AND f.retried_as IS NULL AND f.dismissed_at IS NULL
   RETURNING f.id`,
);

/** Opens dismissed dead letters again. Parameters: tenant, buckets int[], ids uuid[]. */
export const restoreMany = cold<{ id: string }>(
  "restore_many",
  `UPDATE holdfast.finished_delivery f SET dismissed_at = NULL, handling = NULL
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
    WHERE f.tenant = $1 AND f.bucket = u.bucket AND f.id = u.id AND f.dismissed_at IS NOT NULL
   RETURNING f.id`,
);

/**
 * What was handled: dismissed letters, and retried ones with their successor. Parameters: tenant, handling uuid or null,
 * buckets int[] and ids uuid[] (empty where the handling is given), limit.
 */
export const listHandled = cold<{
  bucket: number;
  id: string;
  retried_as: string | null;
  dismissed_at: Date | null;
  handling: string | null;
}>(
  "list_handled",
  `SELECT f.bucket, f.id, f.retried_as, f.dismissed_at, f.handling
     FROM holdfast.finished_delivery f
    WHERE f.tenant = $1 AND f.state = 'dead'
      AND CASE WHEN $2::uuid IS NULL
               THEN (f.bucket, f.id) IN (SELECT u.bucket, u.id FROM unnest($3::int[], $4::uuid[]) AS u(bucket, id))
               ELSE f.handling = $2 END
    ORDER BY f.bucket, f.id
    LIMIT $5 FOR UPDATE`,
);

/**
 * What may be taken back without a trace: a delivery `d` that follows no dead letter, or one that still stands there marked with it.
 * Where that is gone, with its day, the delivery is all that is left of the event, and stays.
 */
export const HAS_WAY_BACK = `(d.retry_of IS NULL OR EXISTS (
            SELECT FROM holdfast.finished_delivery f WHERE f.bucket = d.bucket AND f.id = d.retry_of AND f.retried_as = d.id))`;

/**
 * Takes back deliveries that nobody has tried yet. Parameters: tenant, buckets int[], ids uuid[].
 */
export const withdrawUntried = cold<{ bucket: number; id: string; event_id: string; retry_of: string | null }>(
  "withdraw_untried",
  `DELETE FROM holdfast.delivery d
    USING unnest($2::int[], $3::uuid[]) AS u(bucket, id)
    WHERE d.tenant = $1 AND d.bucket = u.bucket AND d.id = u.id AND d.state IN ('ready', 'held') AND d.attempt = 0
      AND ${HAS_WAY_BACK}
   RETURNING d.bucket, d.id, d.event_id, d.retry_of`,
);

/** Lets dead letters stand open again whose successor was taken back. Parameters: buckets int[], ids uuid[], successors uuid[]. */
export const reopenMany = cold<{ id: string }>(
  "reopen_many",
  `UPDATE holdfast.finished_delivery f SET retried_as = NULL, handling = NULL
     FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, id, successor)
    WHERE f.bucket = u.bucket AND f.id = u.id AND f.retried_as = u.successor
   RETURNING f.id`,
);
