import { hot } from "../statement.ts";

/**
 * Writes ledger lines, in each generation that takes keys; the unique key decides who is new, and a key that an older
 * generation holds is not written again. Nothing is written under a step that is not the present one: the step is read by
 * the same snapshot, from the row that the insert is anchored on. Sorted, so that batches which share keys wait for each
 * other and cannot deadlock. {@link findKeyOwners} tells whose a line is that was there already.
 * The look into older generations is a scalar subquery on purpose: an EXISTS may be planned as a hash of whole generations.
 * Parameters: buckets int[], keys uuid[], event ids uuid[], generations int[], the newest of them, step, whether there has
 * never been an older one.
 */
export const claimFreeKeys = hot(
  "claim_free_keys",
  `INSERT INTO holdfast.dedupe (bucket, gen, k, event_id)
   SELECT b.bucket, g.gen, u.k, u.event_id
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, k, event_id) ON u.bucket = b.bucket
     CROSS JOIN unnest($4::int[]) AS g(gen)
    WHERE b.bucket = ANY($1::int[]) AND b.dedupe_step = $6
      AND ($7::boolean OR (SELECT o.gen FROM holdfast.dedupe o
            WHERE o.bucket = b.bucket/*shard*/ AND o.bucket = ANY($1::int[])/*.*/ AND o.k = u.k AND o.gen < $5
            LIMIT 1) IS NULL)
    ORDER BY b.bucket, u.k, g.gen
   ON CONFLICT DO NOTHING`,
);
