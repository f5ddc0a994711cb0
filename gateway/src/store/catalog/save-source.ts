import { cold } from "../statement.ts";

/**
 * Parameters: id, tenant, name, key, provider, receiver jsonb, body bytes max, state, origin, now, sealed receiver jsonb,
 * names text[] of sealed fields that stay as they are stored, policy jsonb.
 */
export const saveSource = cold(
  "save_source",
  `INSERT INTO holdfast.source AS s (
     id, tenant, name, key, provider, receiver, body_bytes_max, state, origin, created_at, updated_at,
     sealed_receiver, policy)
   VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $10, $11::jsonb, $13::jsonb)
   ON CONFLICT (tenant, name) DO UPDATE
     SET key = excluded.key, provider = excluded.provider, receiver = excluded.receiver,
         body_bytes_max = excluded.body_bytes_max, state = excluded.state, origin = excluded.origin,
         updated_at = excluded.updated_at, policy = excluded.policy,
         sealed_receiver = coalesce(
           (SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(s.sealed_receiver) f WHERE f.key = ANY($12::text[])),
           '{}') || excluded.sealed_receiver
   WHERE s.id = excluded.id`,
);

/** Parameters: source id, version, tenant, position, state (not `retired`), sealed bytea, not after, now. */
export const saveSecretVersion = cold(
  "save_secret_version",
  `INSERT INTO holdfast.secret_version AS s (
     source_id, version, tenant, position, state, sealed, not_after, created_at, activated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $5::text <> 'pending' THEN $8::timestamptz END)
   ON CONFLICT (source_id, version) DO UPDATE
     SET position = excluded.position, state = excluded.state, sealed = excluded.sealed, not_after = excluded.not_after,
         activated_at = CASE WHEN excluded.state <> 'pending' THEN coalesce(s.activated_at, excluded.activated_at) END,
         retired_at = NULL`,
);

/** Retires a secret whose value need not be readable for that. Parameters: source id, version, tenant, position, now. */
export const retireSecretVersion = cold(
  "retire_secret_version",
  `UPDATE holdfast.secret_version SET state = 'retired', position = $4, retired_at = coalesce(retired_at, $5)
    WHERE source_id = $1 AND version = $2 AND tenant = $3`,
);
