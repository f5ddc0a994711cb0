import type { Role } from "../../domain/role.ts";
import { cold } from "../statement.ts";

export interface ApiKeyRow {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly prefix: string;
  readonly role: Role;
  readonly last_used_at: Date | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  /** The key that took its place. */
  readonly successor_id: string | null;
}

/** Parameters: id, tenant, name, prefix, sha256 bytea, created, expires, role. */
export const insertApiKey = cold(
  "insert_api_key",
  `INSERT INTO holdfast.api_key (id, tenant, name, prefix, sha256, created_at, expires_at, role)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/**
 * The key with this hash, whether or not it still counts. It is found by the hash, so the time that the look-up takes tells
 * nothing about the key. Parameter: sha256 bytea.
 */
export const findApiKey = cold<ApiKeyRow & { readonly sha256: Buffer }>(
  "find_api_key",
  `SELECT id, tenant, name, prefix, role, last_used_at, sha256, created_at, expires_at, revoked_at, successor_id
     FROM holdfast.api_key WHERE sha256 = $1`,
);

/** Newest first. Parameters: tenant, id of the last one seen (or null), limit. */
export const listApiKeys = cold<ApiKeyRow>(
  "list_api_keys",
  `SELECT id, tenant, name, prefix, role, last_used_at, created_at, expires_at, revoked_at, successor_id
     FROM holdfast.api_key
    WHERE tenant = $1 AND ($2::uuid IS NULL OR id < $2)
    ORDER BY id DESC
    LIMIT $3`,
);

/** Revokes a key; one that is revoked already keeps its time. Parameters: tenant, id, now. */
export const revokeApiKey = cold<ApiKeyRow>(
  "revoke_api_key",
  `UPDATE holdfast.api_key SET revoked_at = coalesce(revoked_at, $3)
    WHERE tenant = $1 AND id = $2
   RETURNING id, tenant, name, prefix, role, last_used_at, created_at, expires_at, revoked_at, successor_id`,
);

/** A key, held against two who would rotate it at once. Parameters: tenant, id. */
export const lockApiKey = cold<ApiKeyRow>(
  "lock_api_key",
  `SELECT id, tenant, name, prefix, role, last_used_at, created_at, expires_at, revoked_at, successor_id
     FROM holdfast.api_key WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE`,
);

/** Has a key end in favour of its successor, never later than it would have. Parameters: tenant, id, successor, ends. */
export const endApiKey = cold(
  "end_api_key",
  `UPDATE holdfast.api_key SET successor_id = $3, expires_at = least(expires_at, $4)
    WHERE tenant = $1 AND id = $2 AND successor_id IS NULL`,
);

/** Notes that keys were used; an earlier time changes nothing. Parameters: ids uuid[], times timestamptz[]. */
export const noteKeyUses = cold(
  "note_key_uses",
  `UPDATE holdfast.api_key k SET last_used_at = u.at
     FROM unnest($1::uuid[], $2::timestamptz[]) AS u(id, at)
    WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`,
);
