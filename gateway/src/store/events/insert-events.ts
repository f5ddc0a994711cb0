import { hot } from "../statement.ts";

/** What both ways to write them have in common. */
export const NEW_EVENTS = `INSERT INTO holdfast.event (
     bucket, id, tenant, source_id, provider_event_id, event_type, payload_version, occurred_at, signed_at, received_at,
     verified_by, secret_version, method, url, remote_address, event_key, headers, body, body_sha256)
   SELECT /*one*/u/*.*//*shard*/b/*.*/.bucket, u.id, u.tenant, u.source_id, u.provider_event_id, u.event_type, u.payload_version, u.occurred_at,
          u.signed_at, u.received_at, u.verified_by, u.secret_version, u.method, u.url, u.remote_address,
          substring($1::bytea FROM u.start_at FOR u.key_length),
          substring($1::bytea FROM u.start_at + u.key_length FOR u.headers_length),
          substring($1::bytea FROM u.start_at + u.key_length + u.headers_length FOR u.body_length),
          substring($1::bytea FROM u.start_at + u.key_length + u.headers_length + u.body_length FOR 32)
     FROM /*shard*/holdfast.bucket_slot b JOIN /*.*/unnest($2::int[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
                 $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
                 $17::int[], $18::int[], $19::int[], $20::int[])
          AS u(bucket, id, tenant, source_id, provider_event_id, event_type, payload_version, occurred_at, signed_at,
               received_at, verified_by, secret_version, method, url, remote_address, start_at,
               key_length, headers_length, body_length)
          /*shard*/ON u.bucket = b.bucket WHERE b.bucket = ANY($2::int[])/*.*/`;

/**
 * Records new events. All bytes of the batch (keys, headers, bodies) come as one bytea with positions, because an array of
 * bytea would travel as hex text, twice the size and escaped byte by byte. All of them are new: a repeat after an unknown
 * outcome takes {@link insertMissingEvents}. On one server there is no anchor: it costs 3 µs an event (docs/decisions/0011).
 * Parameters: bytes bytea, buckets int[], ids uuid[], tenants text[], source ids uuid[], provider event ids text[], event
 * types text[], payload versions text[], occurred timestamptz[], signed timestamptz[], received timestamptz[], verified by
 * text[], secret versions text[], methods text[], urls text[], remote addresses text[], positions int[], and the
 * lengths int[] of key, headers and body, which follow each other from there, the hash last.
 */
export const insertEvents = hot("insert_events", NEW_EVENTS);
