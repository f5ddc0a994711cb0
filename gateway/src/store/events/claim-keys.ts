import { hot } from "../statement.ts";

/**
 * Writes ledger lines that are all new, in each generation that takes keys, or fails: with 23505 where the unique key tells
 * that one of them is there already, with 23502 where an older generation holds one, or where the step is not the present one
 * (it is read by the same snapshot, from the row that the insert is anchored on), and with 23514 where the generation of a step that is
 * over has been dropped: a row finds no partition before anything else is looked at. Whoever does not know that all are new takes
 * {@link claimFreeKeys} then. Sorted, so that batches which share keys wait for each other and cannot deadlock.
 * The look into older generations is a scalar subquery on purpose: an EXISTS may be planned as a hash of whole generations.
 * Parameters: buckets int[], keys uuid[], event ids uuid[], generations int[], the newest of them, step, whether there has
 * never been an older one.
 */
export const claimKeys = hot(
  "claim_keys",
  `INSERT INTO holdfast.dedupe (bucket, gen, k, event_id)
   SELECT b.bucket, g.gen, u.k, CASE WHEN b.dedupe_step = $6
             AND ($7::boolean OR (SELECT o.gen FROM holdfast.dedupe o
                   WHERE o.bucket = b.bucket/*shard*/ AND o.bucket = ANY($1::int[])/*.*/ AND o.k = u.k AND o.gen < $5
                   LIMIT 1) IS NULL)
          THEN u.event_id END
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, k, event_id) ON u.bucket = b.bucket
     CROSS JOIN unnest($4::int[]) AS g(gen)
    WHERE b.bucket = ANY($1::int[])
    ORDER BY b.bucket, u.k, g.gen`,
);
