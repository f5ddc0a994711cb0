import { hot, keyOf } from "../statement.ts";

/**
 * Copies deliveries that end here into the history; {@link deleteFinished} then takes them out of the hot table, in the
 * same transaction. Parameters: buckets int[], ids uuid[], leases uuid[], states text[], reasons text[], time.
 */
export const copyFinished = hot(
  "copy_finished",
  `INSERT INTO holdfast.finished_delivery (
     bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, state, attempt, reason, finished_at,
     order_key, order_at)
   SELECT d.bucket, d.id, d.tenant, d.event_id, d.destination_id, d.key, d.trigger, d.retry_of, d.priority, d.lane,
          u.state, d.attempt, u.reason, $6::timestamptz, d.order_key, d.order_at
     FROM holdfast.delivery d
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS u(bucket, id, lease, state, reason)
          ON d.bucket = ${keyOf("u.bucket")} AND d.id = u.id
    WHERE d.lease = u.lease/*shard*/ AND d.bucket = ANY($1::int[])/*.*/`,
);
