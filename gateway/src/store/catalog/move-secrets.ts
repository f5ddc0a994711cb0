import { cold } from "../statement.ts";

/**
 * Moves versions of one source from the states that they were planned in; their values stay sealed as they are.
 * Parameters: source id, tenant, versions text[], states before text[], states after text[], ends timestamptz[], positions
 * int[], now.
 */
export const moveSecretVersions = cold(
  "move_secret_versions",
  `UPDATE holdfast.secret_version s
      SET state = u.state, not_after = u.not_after, position = u.position,
          activated_at = CASE WHEN u.state IN ('active', 'retiring') THEN coalesce(s.activated_at, $8) ELSE s.activated_at END,
          retired_at = CASE WHEN u.state = 'retired' THEN least(coalesce(u.not_after, $8), $8) END
     FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::int[])
          AS u(version, state_before, state, not_after, position)
    WHERE s.source_id = $1 AND s.tenant = $2 AND s.version = u.version AND s.state = u.state_before`,
);

/** Whether any overlap has ended and its version has not been retired yet. Parameter: now. */
export const findEndedSecret = cold<{ version: string }>(
  "find_ended_secret",
  "SELECT version FROM holdfast.secret_version WHERE state = 'retiring' AND not_after < $1 LIMIT 1",
);

/** Retires the versions whose overlap has ended, at the moment at which it did. Parameter: now. */
export const retireEndedSecrets = cold<{ source_id: string; version: string }>(
  "retire_ended_secrets",
  `UPDATE holdfast.secret_version SET state = 'retired', retired_at = not_after
    WHERE state = 'retiring' AND not_after < $1
   RETURNING source_id, version`,
);
