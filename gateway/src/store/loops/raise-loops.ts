import { cold } from "../statement.ts";

/**
 * Raises loops, or counts on in those that were raised before; by this process or another.
 * Parameters: source ids uuid[], kinds text[], fingerprints text[], causes text[], reasons text[], counts int[], first
 * timestamptz[], last timestamptz[].
 */
export const raiseLoops = cold(
  "raise_loops",
  `INSERT INTO holdfast.retry_loop AS l (source_id, kind, fingerprint, tenant, cause, reason, count, first_at, last_at)
   SELECT s.id, u.kind, u.fingerprint, s.tenant, u.cause, u.reason, u.count, u.first_at, u.last_at
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[])
          AS u(source_id, kind, fingerprint, cause, reason, count, first_at, last_at)
     JOIN holdfast.source s ON s.id = u.source_id
    ORDER BY s.id, u.kind, u.fingerprint
   ON CONFLICT (source_id, kind, fingerprint) DO UPDATE
     SET cause = excluded.cause, reason = excluded.reason, count = l.count + excluded.count,
         first_at = least(l.first_at, excluded.first_at), last_at = greatest(l.last_at, excluded.last_at)`,
);
