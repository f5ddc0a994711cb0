import { hot } from "../statement.ts";

/**
 * Counts duplicates per event, and how many of them came with other bytes than the recorded ones. Sorted against deadlocks.
 * The OFFSET and the tenant are there for the plan, as in `findEvents`.
 * Parameters: buckets int[], event ids uuid[], body hashes bytea (32 bytes each), hash positions int[], counts int[], time,
 * tenants text[].
 */
export const countDuplicates = hot(
  "count_duplicates",
  `INSERT INTO holdfast.duplicate AS d (bucket, event_id, count, variants, variant_sha256, first_at, last_at)
   SELECT b.bucket, u.event_id, u.count,
          CASE WHEN e.body_sha256 <> substring($3::bytea FROM u.hash_at FOR 32) THEN u.count ELSE 0 END,
          CASE WHEN e.body_sha256 <> substring($3::bytea FROM u.hash_at FOR 32) THEN substring($3::bytea FROM u.hash_at FOR 32) END,
          $6::timestamptz, $6::timestamptz
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $4::int[], $5::int[], $7::text[]) AS u(bucket, event_id, hash_at, count, tenant)
       ON u.bucket = b.bucket
     CROSS JOIN LATERAL (
       SELECT v.body_sha256
         FROM holdfast.event v
        WHERE v.bucket = b.bucket AND v.id = u.event_id AND v.tenant = u.tenant/*shard*/ AND v.bucket = ANY($1::int[])/*.*/
       OFFSET 0) e
    WHERE b.bucket = ANY($1::int[])
    ORDER BY b.bucket, u.event_id
   ON CONFLICT (bucket, event_id) DO UPDATE
     SET count = d.count + excluded.count,
         variants = d.variants + excluded.variants,
         variant_sha256 = coalesce(excluded.variant_sha256, d.variant_sha256),
         last_at = excluded.last_at`,
);
