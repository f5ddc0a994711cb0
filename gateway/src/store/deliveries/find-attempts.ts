import { hot } from "../statement.ts";

/**
 * Finds attempts that are already written, by their ids: whether a settlement whose COMMIT was never answered took effect.
 * Parameters: buckets int[], delivery ids uuid[], attempt ids uuid[].
 */
export const findAttempts = hot<{ delivery_id: string }>(
  "find_attempts",
  `SELECT a.delivery_id
     FROM holdfast.attempt a
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, delivery_id, id)
          ON u.bucket = a.bucket AND u.delivery_id = a.delivery_id AND u.id = a.id
    /*shard*/WHERE a.bucket = ANY($1::int[])/*.*/`,
);
