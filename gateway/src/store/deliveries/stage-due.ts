import { hot, keyOf } from "../statement.ts";

/**
 * Queues deliveries whose wait is over, in the transaction that locked them: ready, or held where their destination takes
 * none now. A bare test of the state would let the planner go through all that is scheduled, for each row.
 * Parameters: buckets int[], ids uuid[], states text[], held reasons text[], ranks float8[], now timestamptz.
 */
export const stageDue = hot<{ id: string }>(
  "stage_due",
  `UPDATE holdfast.delivery d
      SET state = u.state, held_reason = u.held_reason, rank = u.rank, due_at = NULL, ready_at = $6
     FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::float8[]) AS u(bucket, id, state, held_reason, rank)
    WHERE/*shard*/ d.bucket = ANY($1::int[]) AND/*.*/ d.bucket = ${keyOf("u.bucket")} AND d.id = u.id
      AND CASE WHEN d.due_at IS NOT NULL THEN d.state = 'scheduled' END
   RETURNING d.id`,
);
