import { hot } from "../statement.ts";

/**
 * Keeps arrivals that were not accepted, with their diagnosis.
 * Parameters: bytes bytea, buckets int[], ids uuid[], tenants text[], source ids uuid[], received timestamptz[], statuses
 * int[], reasons text[], diagnoses text[] (JSON), methods text[], urls text[], remote addresses text[], header positions
 * int[], header lengths int[], body positions int[], body lengths int[], hash positions int[].
 */
export const insertRejections = hot(
  "insert_rejections",
  `INSERT INTO holdfast.rejection (
     bucket, id, tenant, source_id, received_at, status, reason, diagnosis, method, url, remote_address, headers, body, body_sha256)
   SELECT b.bucket, u.id, u.tenant, u.source_id, u.received_at, u.status, u.reason, u.diagnosis::json, u.method, u.url,
          u.remote_address,
          substring($1::bytea FROM u.headers_at FOR u.headers_length),
          substring($1::bytea FROM u.body_at FOR u.body_length),
          substring($1::bytea FROM u.hash_at FOR 32)
     FROM holdfast.bucket_slot b
     JOIN unnest($2::int[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[], $7::int[], $8::text[], $9::text[],
                 $10::text[], $11::text[], $12::text[], $13::int[], $14::int[], $15::int[], $16::int[], $17::int[])
          AS u(bucket, id, tenant, source_id, received_at, status, reason, diagnosis, method, url, remote_address,
               headers_at, headers_length, body_at, body_length, hash_at) ON u.bucket = b.bucket
    WHERE b.bucket = ANY($2::int[])
   ON CONFLICT DO NOTHING`,
);
