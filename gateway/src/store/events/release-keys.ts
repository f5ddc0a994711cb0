import { hot } from "../statement.ts";

/**
 * Takes back lines of an arrival that turned out to be a duplicate by its other key. Left in the ledger they would let a
 * captured request poison an id that it does not own.
 * Parameters: buckets int[], keys uuid[], event ids uuid[].
 */
export const releaseKeys = hot(
  "release_keys",
  `DELETE FROM holdfast.dedupe d
    USING unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, k, event_id)
    WHERE d.bucket = u.bucket/*shard*/ AND d.bucket = ANY($1::int[])/*.*/ AND d.k = u.k AND d.event_id = u.event_id`,
);
