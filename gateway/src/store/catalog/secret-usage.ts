import { cold } from "../statement.ts";

/**
 * Adds to the use of secret versions; what is no version of a source any more (or is the id of a public key) is passed over.
 * Sorted, so that processes which count the same versions wait for each other and cannot deadlock.
 * Parameters: source ids uuid[], versions text[], uses int[], first uses timestamptz[], last uses timestamptz[].
 */
export const addSecretUsage = cold(
  "add_secret_usage",
  `INSERT INTO holdfast.secret_usage AS k (source_id, version, uses, first_used_at, last_used_at)
   SELECT s.source_id, s.version, u.uses, u.first_used_at, u.last_used_at
     FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[])
          AS u(source_id, version, uses, first_used_at, last_used_at)
     JOIN holdfast.secret_version s ON s.source_id = u.source_id AND s.version = u.version
    ORDER BY s.source_id, s.version
   ON CONFLICT (source_id, version) DO UPDATE
     SET uses = k.uses + excluded.uses,
         first_used_at = least(k.first_used_at, excluded.first_used_at),
         last_used_at = greatest(k.last_used_at, excluded.last_used_at)`,
);

/** The use of one source's versions. Parameter: source id. */
export const listSecretUsage = cold<{ version: string; last_used_at: Date }>(
  "list_secret_usage",
  "SELECT version, last_used_at FROM holdfast.secret_usage WHERE source_id = $1",
);
