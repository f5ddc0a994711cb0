import { hot } from "../statement.ts";

/**
 * Which event owns each ledger key: the one that won, possibly our own from an earlier try whose outcome was unknown. Where
 * two generations hold a key, the older one is right, and it comes last: while the ledger turns, a line in the newer one
 * may be a loser's that is about to be taken back. The OFFSET keeps the look-up one for each, as in `findEvents`.
 * Parameters: buckets int[], keys uuid[].
 */
export const findKeyOwners = hot<{ bucket: number; k: string; event_id: string }>(
  "find_key_owners",
  `SELECT o.bucket, o.k, o.event_id
     FROM unnest($1::int[], $2::uuid[]) AS u(bucket, k)
     CROSS JOIN LATERAL (
       SELECT d.bucket, d.k, d.event_id, d.gen
         FROM holdfast.dedupe d
        WHERE d.bucket = u.bucket AND d.k = u.k/*shard*/ AND d.bucket = ANY($1::int[])/*.*/
       OFFSET 0) o
    ORDER BY o.gen DESC`,
);
