import { cold } from "../statement.ts";

/**
 * Adds what attempts came to. Sorted, so that processes which count the same destinations cannot deadlock.
 * Parameters: destinations uuid[], minutes timestamptz[], succeeded int[], failed int[], throttled int[], latency sums
 * bigint[], latency maxima int[].
 */
export const addHealth = cold(
  "add_health",
  `INSERT INTO holdfast.destination_health AS h (
     destination_id, minute, succeeded, failed, throttled, latency_ms_sum, latency_ms_max)
   SELECT t.id, u.minute, u.succeeded, u.failed, u.throttled, u.latency_ms_sum, u.latency_ms_max
     FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::int[], $5::int[], $6::bigint[], $7::int[])
          AS u(destination_id, minute, succeeded, failed, throttled, latency_ms_sum, latency_ms_max)
     JOIN holdfast.destination t ON t.id = u.destination_id
    ORDER BY t.id, u.minute
   ON CONFLICT (destination_id, minute) DO UPDATE
     SET succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
         throttled = h.throttled + excluded.throttled, latency_ms_sum = h.latency_ms_sum + excluded.latency_ms_sum,
         latency_ms_max = greatest(h.latency_ms_max, excluded.latency_ms_max)`,
);

export interface HealthRow {
  readonly destination_id: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly throttled: number;
  readonly latency_ms_sum: number;
  readonly latency_ms_max: number;
}

/**
 * Sums of destinations' minutes from a moment on, for each not before the one at which its breaker last closed: what was
 * before has been judged. Parameters: destinations uuid[], from timestamptz.
 */
export const sumJudgedHealth = cold<HealthRow>(
  "sum_judged_health",
  `SELECT h.destination_id, sum(h.succeeded) AS succeeded, sum(h.failed) AS failed, sum(h.throttled) AS throttled,
          sum(h.latency_ms_sum)::bigint AS latency_ms_sum, max(h.latency_ms_max) AS latency_ms_max
     FROM holdfast.destination_health h
    WHERE h.destination_id = ANY($1::uuid[]) AND h.minute >= $2
      AND NOT EXISTS (
        SELECT FROM holdfast.destination_gate g WHERE g.destination_id = h.destination_id AND g.breaker_since > h.minute)
    GROUP BY h.destination_id`,
);

/** Sums of one destination's minutes since two moments. Parameters: destination uuid, the earlier, the later timestamptz. */
export const readHealth = cold<HealthRow & { readonly recent: boolean }>(
  "read_health",
  `SELECT $1::uuid AS destination_id, w.recent, coalesce(sum(h.succeeded), 0) AS succeeded, coalesce(sum(h.failed), 0) AS failed,
          coalesce(sum(h.throttled), 0) AS throttled, coalesce(sum(h.latency_ms_sum), 0)::bigint AS latency_ms_sum,
          coalesce(max(h.latency_ms_max), 0) AS latency_ms_max
     FROM (VALUES (false, $2::timestamptz), (true, $3::timestamptz)) AS w(recent, since)
     LEFT JOIN holdfast.destination_health h ON h.destination_id = $1 AND h.minute >= w.since
    GROUP BY w.recent`,
);

/** Forgets old minutes. Parameters: before timestamptz, limit int. */
export const forgetHealth = cold(
  "forget_health",
  `DELETE FROM holdfast.destination_health h
    WHERE (h.destination_id, h.minute) IN (
      SELECT o.destination_id, o.minute FROM holdfast.destination_health o WHERE o.minute < $1 LIMIT $2)`,
);
