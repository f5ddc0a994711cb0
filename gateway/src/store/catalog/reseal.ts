import { cold } from "../statement.ts";

/** Sealed secrets after a place in their order. Parameters: source id, version, limit. */
export const listSealedSecrets = cold<{ source_id: string; version: string; tenant: string; sealed: Buffer }>(
  "list_sealed_secrets",
  `SELECT source_id, version, tenant, sealed FROM holdfast.secret_version
    WHERE (source_id, version) > ($1::uuid, $2::text)
    ORDER BY source_id, version
    LIMIT $3`,
);

/** Parameters: source id, version, sealed before, sealed after. Changes nothing when it was changed meanwhile. */
export const resealSecret = cold(
  "reseal_secret",
  "UPDATE holdfast.secret_version SET sealed = $4 WHERE source_id = $1 AND version = $2 AND sealed = $3",
);

/** Signing secrets after a place in their order. Parameters: destination id, limit. */
export const listSigningSecrets = cold<{ id: string; tenant: string; signing_secret: Buffer }>(
  "list_signing_secrets",
  `SELECT id, tenant, signing_secret FROM holdfast.destination
    WHERE id > $1 AND signing_secret IS NOT NULL
    ORDER BY id
    LIMIT $2`,
);

/** Parameters: destination id, sealed before, sealed after. Changes nothing when it was changed meanwhile. */
export const resealSigningSecret = cold(
  "reseal_signing_secret",
  "UPDATE holdfast.destination SET signing_secret = $3 WHERE id = $1 AND signing_secret = $2",
);

/**
 * Destinations with headers, sealed or from before they were, after a place in their order. Parameters: destination id, limit.
 */
export const listHeaders = cold<{
  id: string;
  tenant: string;
  headers: [string, string][];
  sealed_headers: Buffer | null;
}>(
  "list_destination_headers",
  `SELECT id, tenant, headers, sealed_headers FROM holdfast.destination
    WHERE id > $1 AND (headers <> '[]' OR sealed_headers IS NOT NULL)
    ORDER BY id
    LIMIT $2`,
);

/**
 * Parameters: destination id, headers jsonb and sealed headers before, headers jsonb and sealed headers after. Changes nothing
 * when either was changed meanwhile.
 */
export const resealHeaders = cold(
  "reseal_headers",
  `UPDATE holdfast.destination SET headers = $4::jsonb, sealed_headers = $5
    WHERE id = $1 AND headers = $2::jsonb AND sealed_headers IS NOT DISTINCT FROM $3`,
);

/**
 * Sources whose receiver has fields that are sealed, or that should be, after a place in their order.
 * Parameters: source id, names text[] of those fields, limit.
 */
export const listSealedReceivers = cold<{
  id: string;
  tenant: string;
  receiver: Record<string, unknown>;
  sealed_receiver: Record<string, string>;
}>(
  "list_sealed_receivers",
  `SELECT id, tenant, receiver, sealed_receiver FROM holdfast.source
    WHERE id > $1 AND (receiver ?| $2::text[] OR sealed_receiver <> '{}')
    ORDER BY id
    LIMIT $3`,
);

/**
 * Parameters: source id, receiver and sealed fields before, receiver and sealed fields after; all jsonb. Changes nothing when
 * either was changed meanwhile.
 */
export const resealReceiver = cold(
  "reseal_receiver",
  `UPDATE holdfast.source SET receiver = $4::jsonb, sealed_receiver = $5::jsonb
    WHERE id = $1 AND receiver = $2::jsonb AND sealed_receiver = $3::jsonb`,
);
