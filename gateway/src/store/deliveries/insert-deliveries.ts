import { hot } from "../statement.ts";

/** What both ways to write them have in common. */
export const NEW_DELIVERIES = `INSERT INTO holdfast.delivery (
     bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state, held_reason, order_key,
     order_at, attempt, refusals)
   SELECT /*one*/u/*.*//*shard*/b/*.*/.bucket, u.id, u.tenant, u.event_id, u.destination_id, u.id, u.trigger, u.priority, u.lane, u.rank, u.state,
          u.held_reason, u.order_key, u.order_at, 0, 0
     FROM /*shard*/holdfast.bucket_slot b JOIN /*.*/unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::int[], $8::text[], $9::float8[],
                 $10::text[], $11::text[], $12::text[], $13::bigint[])
          AS u(bucket, id, tenant, event_id, destination_id, trigger, priority, lane, rank, state, held_reason, order_key,
               order_at)
          /*shard*/ON u.bucket = b.bucket WHERE b.bucket = ANY($1::int[])/*.*/`;

/**
 * Queues new deliveries, in the transaction that records their events.
 * Parameters: buckets int[], ids uuid[], tenants text[], event ids uuid[], destination ids uuid[], triggers text[],
 * priorities int[], lanes text[], ranks float8[], states text[], held reasons text[], order keys text[], places in the order
 * bigint[].
 */
export const insertDeliveries = hot("insert_deliveries", NEW_DELIVERIES);
