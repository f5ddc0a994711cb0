import { hot } from "../statement.ts";

/**
 * Records events. All bytes of the batch (keys, headers, bodies) come as one bytea with positions, because an array of
 * bytea would travel as hex text, twice the size and escaped byte by byte. Returns the ids that were not there before:
 * only for those may deliveries be inserted, or a repeat after an unknown outcome would revive finished ones.
 * Parameters: bytes bytea, buckets int[], ids uuid[], tenants text[], source ids uuid[], provider event ids text[], event
 * types text[], payload versions text[], occurred timestamptz[], signed timestamptz[], received timestamptz[], verified by
 * text[], secret versions text[], methods text[], urls text[], remote addresses text[], key positions int[], key lengths
 * int[], header positions int[], header lengths int[], body positions int[], body lengths int[], hash positions int[].
 */
export const insertEvents = hot<{ id: string }>(
  "insert_events",
  `INSERT INTO holdfast.event (
     bucket, id, tenant, source_id, provider_event_id, event_type, payload_version, occurred_at, signed_at, received_at,
     verified_by, secret_version, method, url, remote_address, event_key, headers, body, body_sha256)
   SELECT b.bucket, u.id, u.tenant, u.source_id, u.provider_event_id, u.event_type, u.payload_version, u.occurred_at,
          u.signed_at, u.received_at, u.verified_by, u.secret_version, u.method, u.url, u.remote_address,
          substring($1::bytea FROM u.key_at FOR u.key_length),
          substring($1::bytea FROM u.headers_at FOR u.headers_length),
          substring($1::bytea FROM u.body_at FOR u.body_length),
          substring($1::bytea FROM u.hash_at FOR 32)
     FROM holdfast.bucket_slot b
     JOIN unnest($2::int[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
                 $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
                 $17::int[], $18::int[], $19::int[], $20::int[], $21::int[], $22::int[], $23::int[])
          AS u(bucket, id, tenant, source_id, provider_event_id, event_type, payload_version, occurred_at, signed_at,
               received_at, verified_by, secret_version, method, url, remote_address, key_at, key_length, headers_at,
               headers_length, body_at, body_length, hash_at) ON u.bucket = b.bucket
    WHERE b.bucket = ANY($2::int[])
   ON CONFLICT DO NOTHING
   RETURNING id`,
);
