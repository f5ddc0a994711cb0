import { hot, keyOf } from "../statement.ts";

/**
 * Ends a lease without ending the delivery: scheduled for a retry, held, or ready again. Its permit ends with it. `refund` gives the attempt back,
 * for a delivery that waited without being tried. A bare test of the state would let the planner go through all that is leased.
 * Parameters: buckets int[], ids uuid[], leases uuid[], states text[], due timestamptz[], held reasons text[], refusals
 * added int[], attempts refunded int[].
 */
export const putBack = hot<{ id: string }>(
  "put_back",
  `UPDATE holdfast.delivery d
      SET state = u.state, due_at = u.due_at, held_reason = u.held_reason, lease = NULL, lease_until = NULL, permit = false,
          refusals = d.refusals + u.refused, attempt = d.attempt - u.refunded
     FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::int[], $8::int[])
          AS u(bucket, id, lease, state, due_at, held_reason, refused, refunded)
    WHERE/*shard*/ d.bucket = ANY($1::int[]) AND/*.*/ d.bucket = ${keyOf("u.bucket")} AND d.id = u.id
      AND CASE WHEN d.lease = u.lease THEN d.state = 'leased' END
   RETURNING d.id`,
);
