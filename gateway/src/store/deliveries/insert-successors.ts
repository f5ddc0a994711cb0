import { cold } from "../statement.ts";

/**
 * Queues the retries of many dead deliveries, each with its predecessor's key. What retries a copy is a copy. They wait from now on.
 * Parameters: buckets int[], ids uuid[], tenant, event ids uuid[], destination ids uuid[], keys uuid[], predecessors uuid[],
 * priorities int[], lanes text[], ranks float8[], states text[], held reasons text[], order keys text[], places in the order
 * bigint[], what had made the predecessors text[].
 */
export const insertSuccessors = cold<{ id: string }>(
  "insert_successors",
  `INSERT INTO holdfast.delivery (
     bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, rank, state, held_reason,
     order_key, order_at, attempt, refusals, ready_at)
   SELECT b.bucket, u.id, $3, u.event_id, u.destination_id, u.key,
          CASE WHEN u.made_by = 'copy' THEN 'copy' ELSE 'retry' END, u.retry_of, u.priority, u.lane, u.rank, u.state, u.held_reason,
          u.order_key, u.order_at, 0, 0, CASE WHEN u.state = 'ready' THEN now() END
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::int[], $9::text[], $10::float8[],
                 $11::text[], $12::text[], $13::text[], $14::bigint[], $15::text[])
          AS u(bucket, id, event_id, destination_id, key, retry_of, priority, lane, rank, state, held_reason, order_key,
               order_at, made_by)
          ON u.bucket = b.bucket
    WHERE b.bucket = ANY($1::int[])
   RETURNING id`,
);
