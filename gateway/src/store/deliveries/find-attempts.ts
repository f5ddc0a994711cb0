import { hot } from "../statement.ts";

/**
 * Finds attempts that are already written, by their ids: whether a settlement whose COMMIT was never answered took effect.
 * The OFFSET keeps the look-up one for each: all that it reads is in the key, which could be read through as a whole as well.
 * Parameters: buckets int[], delivery ids uuid[], attempt ids uuid[].
 */
export const findAttempts = hot<{ delivery_id: string }>(
  "find_attempts",
  `SELECT u.delivery_id
     FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, delivery_id, id)
     CROSS JOIN LATERAL (
       SELECT FROM holdfast.attempt a
        WHERE a.bucket = u.bucket AND a.delivery_id = u.delivery_id AND a.id = u.id/*shard*/ AND a.bucket = ANY($1::int[])/*.*/
       OFFSET 0) found`,
);
