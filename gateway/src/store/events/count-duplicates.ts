import { hot } from "../statement.ts";

/**
 * Counts duplicates per event, and how many of them came with other bytes than the recorded ones. Sorted against deadlocks.
 * Parameters: buckets int[], event ids uuid[], body hashes bytea (32 bytes each), hash positions int[], counts int[], time.
 */
export const countDuplicates = hot(
  "count_duplicates",
  `INSERT INTO holdfast.duplicate AS d (bucket, event_id, count, variants, variant_sha256, first_at, last_at)
   SELECT b.bucket, u.event_id, u.count,
          CASE WHEN e.body_sha256 <> substring($3::bytea FROM u.hash_at FOR 32) THEN u.count ELSE 0 END,
          CASE WHEN e.body_sha256 <> substring($3::bytea FROM u.hash_at FOR 32) THEN substring($3::bytea FROM u.hash_at FOR 32) END,
          $6::timestamptz, $6::timestamptz
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $4::int[], $5::int[]) AS u(bucket, event_id, hash_at, count) ON u.bucket = b.bucket
     JOIN holdfast.event e ON e.bucket = b.bucket AND e.id = u.event_id/*shard*/ AND e.bucket = ANY($1::int[])/*.*/
    WHERE b.bucket = ANY($1::int[])
    ORDER BY b.bucket, u.event_id
   ON CONFLICT (bucket, event_id) DO UPDATE
     SET count = d.count + excluded.count,
         variants = d.variants + excluded.variants,
         variant_sha256 = coalesce(excluded.variant_sha256, d.variant_sha256),
         last_at = excluded.last_at`,
);
