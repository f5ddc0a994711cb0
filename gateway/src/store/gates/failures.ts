import { cold } from "../statement.ts";

/** Ends the stretch of failures of destinations that have succeeded. Parameter: destinations uuid[]. */
export const endFailures = cold(
  "end_failures",
  `DELETE FROM holdfast.destination_failure f WHERE f.destination_id = ANY($1::uuid[])`,
);

/**
 * Begins or goes on with stretches of failures. Sorted against deadlocks.
 * Parameters: destinations uuid[], failures int[], first and last timestamptz[].
 */
export const addFailures = cold(
  "add_failures",
  `INSERT INTO holdfast.destination_failure AS f (destination_id, first_at, last_at, failures)
   SELECT t.id, u.first_at, u.last_at, u.failures
     FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[]) AS u(destination_id, failures, first_at, last_at)
     JOIN holdfast.destination t ON t.id = u.destination_id
    ORDER BY t.id
   ON CONFLICT (destination_id) DO UPDATE
     SET failures = f.failures + excluded.failures, first_at = least(f.first_at, excluded.first_at),
         last_at = greatest(f.last_at, excluded.last_at)`,
);

export interface FailureRow {
  readonly destination_id: string;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly failures: number;
}

/** Active destinations that have only failed since this moment or longer. Parameter: timestamptz. */
export const listFailures = cold<FailureRow>(
  "list_failures",
  `SELECT f.destination_id, f.first_at, f.last_at, f.failures
     FROM holdfast.destination_failure f
     JOIN holdfast.destination t ON t.id = f.destination_id AND t.state = 'active'
    WHERE f.first_at <= $1
    ORDER BY f.destination_id`,
);

/** One destination's stretch of failures. Parameter: destination uuid. */
export const findFailure = cold<FailureRow>(
  "find_failure",
  `SELECT f.destination_id, f.first_at, f.last_at, f.failures FROM holdfast.destination_failure f WHERE f.destination_id = $1`,
);

/**
 * Whether a stretch of failures goes on, the very one; none can end it until the transaction does. Parameters: destination uuid, its
 * first failure timestamptz.
 */
export const keepFailure = cold<{ destination_id: string }>(
  "keep_failure",
  `SELECT f.destination_id FROM holdfast.destination_failure f
    WHERE f.destination_id = $1 AND date_trunc('milliseconds', f.first_at) = $2 FOR SHARE`,
);

/** Gives a notice once. Parameters: destination uuid, kind, since, at, detail. */
export const giveNotice = cold(
  "give_notice",
  `INSERT INTO holdfast.destination_notice (destination_id, kind, since, at, detail) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT DO NOTHING`,
);

/** The newest notices of one destination. Parameters: destination uuid, limit int. */
export const listNotices = cold<{ kind: string; since: Date; at: Date; detail: string }>(
  "list_notices",
  `SELECT n.kind, n.since, n.at, n.detail FROM holdfast.destination_notice n
    WHERE n.destination_id = $1 ORDER BY n.at DESC, n.kind LIMIT $2`,
);
