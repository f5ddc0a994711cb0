import { hot } from "../statement.ts";

/**
 * Which event owns each ledger key: the one that won, possibly our own from an earlier try whose outcome was unknown. Where
 * two generations hold a key, the older one is right, and it comes last: while the ledger turns, a line in the newer one
 * may be a loser's that is about to be taken back.
 * Parameters: buckets int[], keys uuid[].
 */
export const findKeyOwners = hot<{ bucket: number; k: string; event_id: string }>(
  "find_key_owners",
  `SELECT d.bucket, d.k, d.event_id
     FROM holdfast.dedupe d
     JOIN unnest($1::int[], $2::uuid[]) AS u(bucket, k) ON u.bucket = d.bucket AND u.k = d.k
    /*shard*/WHERE d.bucket = ANY($1::int[])/*.*/
    ORDER BY d.gen DESC`,
);
