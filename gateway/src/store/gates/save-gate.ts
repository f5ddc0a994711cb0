import { cold } from "../statement.ts";

/** Writes what a feeding left of the tokens. Parameters: destination uuid, tokens, refilled at, probe at. */
export const saveTokens = cold(
  "save_tokens",
  `UPDATE holdfast.destination_gate SET tokens = $2, refilled_at = $3, probe_at = $4 WHERE destination_id = $1`,
);

/**
 * Writes where a breaker stands. Parameters: destination uuid, state, since, concurrency, probe at, attempts of the round
 * that succeeded, that failed.
 */
export const saveBreaker = cold(
  "save_breaker",
  `UPDATE holdfast.destination_gate
      SET breaker = $2, breaker_since = $3, breaker_concurrency = $4, probe_at = $5, round_succeeded = $6, round_failed = $7
    WHERE destination_id = $1`,
);

/** Writes whether a destination is slow. Parameters: destination uuid, its share or null, since when it is quick again. */
export const saveSlow = cold(
  "save_slow",
  `UPDATE holdfast.destination_gate SET slow_concurrency = $2, quick_since = $3 WHERE destination_id = $1`,
);

/**
 * Counts attempts that began since a breaker moved, as long as it stands where it stood for them: it may have moved again before they
 * ended. A closed one has no rounds. Parameters: uuids[], since when the breaker stood as it was known timestamptz[], succeeded int[],
 * failed int[].
 */
export const countRounds = cold(
  "count_rounds",
  `UPDATE holdfast.destination_gate g
      SET round_succeeded = g.round_succeeded + u.succeeded, round_failed = g.round_failed + u.failed
     FROM (SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::int[])
             AS x(destination_id, since, succeeded, failed)) u
    WHERE g.destination_id = u.destination_id AND g.breaker <> 'closed'
      AND date_trunc('milliseconds', g.breaker_since) IS NOT DISTINCT FROM u.since`,
);

/** The gates that time or attempts may move: an open breaker waits for its probe's end, and its feeder for its time. */
export const listRestless = cold<{ destination_id: string }>(
  "list_restless_gates",
  `SELECT g.destination_id FROM holdfast.destination_gate g
    WHERE g.breaker = 'recovering' OR g.slow_concurrency IS NOT NULL
       OR (g.breaker = 'open' AND g.round_succeeded + g.round_failed > 0)
    ORDER BY g.destination_id`,
);
