import { cold } from "../statement.ts";

/**
 * Parameters: id, tenant, name, kind, url, handler, headers jsonb, policy jsonb, signing secret bytea, state, state reason,
 * origin, now, sealed headers bytea.
 */
export const insertDestination = cold(
  "insert_destination",
  `INSERT INTO holdfast.destination (
     id, tenant, name, kind, url, handler, headers, policy, signing_secret, state, state_reason, origin, created_at, updated_at,
     sealed_headers)
   VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10, $11, $12, $13, $13, $14)`,
);

/** Parameters as for {@link insertDestination}, then whether the stored headers stay because they cannot be read; without a signing secret an HTTP destination keeps the one that it has. */
export const updateDestination = cold(
  "update_destination",
  `UPDATE holdfast.destination
      SET name = $3, kind = $4, url = $5, handler = $6, headers = $7::jsonb, policy = $8::jsonb,
          signing_secret = CASE WHEN $4 = 'http' THEN coalesce($9, signing_secret) END,
          state = $10, state_reason = $11, origin = $12, updated_at = $13,
          sealed_headers = CASE WHEN $15::boolean THEN sealed_headers ELSE $14 END
    WHERE id = $1 AND tenant = $2`,
);
