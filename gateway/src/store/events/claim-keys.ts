import { hot } from "../statement.ts";

/**
 * Writes ledger lines; the unique key decides who is new. Sorted, so that batches which share keys wait for each other
 * and cannot deadlock. A line that is already there stays as it is: {@link findKeyOwners} tells whose it is.
 * Parameters: buckets int[], keys uuid[], event ids uuid[], generation int.
 */
export const claimKeys = hot(
  "claim_keys",
  `INSERT INTO holdfast.dedupe (bucket, gen, k, event_id)
   SELECT b.bucket, $4::int, u.k, u.event_id
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, k, event_id) ON u.bucket = b.bucket
    WHERE b.bucket = ANY($1::int[])
    ORDER BY b.bucket, u.k
   ON CONFLICT DO NOTHING`,
);
