import { tellsUnexplained } from "../reconciliations/runs.ts";
import type { Statement } from "../statement.ts";
import { cold } from "../statement.ts";

/** What one rule measures about one subject. */
export interface MeasuredRow {
  readonly [column: string]: unknown;
  readonly tenant: string;
  readonly subject: string;
  readonly subject_name: string;
  readonly source_ids: string[];
  readonly value: number;
  readonly detail: string;
}

/** A statement with what it takes: nothing, the beginning of the window, the lowest id in it, or this and then that (`window`). */
export interface Measure {
  readonly statement: Statement<MeasuredRow>;
  readonly takes: "now" | "since" | "floor" | "window" | "nothing";
}

const measure = (rule: string, takes: Measure["takes"], text: string): readonly [string, Measure] => [
  rule,
  { takes, statement: cold<MeasuredRow>(`measure_${rule}`, text) },
];

const SOURCES_OF = `(SELECT coalesce(array_agg(DISTINCT r.source_id), '{}') FROM holdfast.route r
            WHERE r.destination_id = d.id AND r.state = 'active')`;
const DESTINATION = `d.tenant, d.id::text AS subject, 'destination ' || d.name AS subject_name, ${SOURCES_OF} AS source_ids`;

// How many rows a look reads at most: above it the number is too large already, whichever it is.
const ROWS_MAX = 10_000;

/** What the rules about sources and destinations measure, of every tenant, by the rule's name. Each is read every few seconds, so each is bounded. */
export const MEASURES: ReadonlyMap<string, Measure> = new Map([
  measure(
    "breaker_open",
    "nothing",
    `SELECT ${DESTINATION}, 1::float8 AS value,
            'its breaker has been open since ' || to_char(g.breaker_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS detail
       FROM holdfast.destination_gate g JOIN holdfast.destination d ON d.id = g.destination_id
      WHERE g.breaker <> 'closed' AND d.state = 'active'`,
  ),
  // To the last failure: a few with silence after them say nothing about the time since.
  measure(
    "destination_failing",
    "nothing",
    `SELECT ${DESTINATION}, extract(epoch FROM f.last_at - f.first_at)::float8 AS value,
            'every attempt has failed since ' || to_char(f.first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC, the last at '
              || to_char(f.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC (' || f.failures || ' so far)' AS detail
       FROM holdfast.destination_failure f JOIN holdfast.destination d ON d.id = f.destination_id
      WHERE d.state = 'active'`,
  ),
  measure(
    "destination_disabled",
    "nothing",
    `SELECT ${DESTINATION}, 1::float8 AS value, coalesce(d.state_reason, 'it is disabled') AS detail
       FROM holdfast.destination d
      WHERE d.state = 'disabled' AND EXISTS (
              SELECT 1 FROM holdfast.destination_notice n
               WHERE n.destination_id = d.id AND n.kind = 'disabled' AND n.detail = d.state_reason)`,
  ),
  measure(
    "dead_letters_grow",
    "since",
    `SELECT ${DESTINATION}, q.deliveries::float8 AS value,
            q.deliveries || ' deliveries have ended in the dead letters within a quarter of an hour' AS detail
       FROM holdfast.tenant t
       CROSS JOIN LATERAL (
         SELECT o.destination_id, count(*) AS deliveries
           FROM (SELECT f.destination_id FROM holdfast.finished_delivery f
                  WHERE f.tenant = t.id AND f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL
                    AND f.finished_at >= $1
                  ORDER BY f.finished_at DESC LIMIT ${ROWS_MAX}) o
          GROUP BY o.destination_id) q
       JOIN holdfast.destination d ON d.id = q.destination_id`,
  ),
  // Who forges at one source fills all that is read. The others are then told by what came at them, with the reasons of what was read.
  measure(
    "rejections_grow",
    "window",
    `SELECT s.tenant, s.id || '/' || coalesce(q.reason, 'any') AS subject, 'source ' || s.name AS subject_name, ARRAY[s.id] AS source_ids,
            q.arrivals::float8 AS value,
            q.arrivals || ' arrivals were refused within a quarter of an hour: ' || coalesce(q.reason, 'see its rejections') AS detail
       FROM holdfast.tenant t
       CROSS JOIN LATERAL (
         WITH newest AS MATERIALIZED (
                SELECT j.source_id, j.reason FROM holdfast.rejection j
                 WHERE j.tenant = t.id AND j.id >= $1::uuid ORDER BY j.id DESC LIMIT ${ROWS_MAX}),
              counted AS (
                SELECT n.source_id, n.reason, count(*) AS arrivals, sum(count(*)) OVER (PARTITION BY n.source_id) AS of_source
                  FROM newest n GROUP BY n.source_id, n.reason),
              came AS (
                SELECT m.source_id, sum(m.rejected) AS arrivals FROM holdfast.arrival_minute m
                 WHERE m.tenant = t.id AND m.minute >= $2::timestamptz AND (SELECT count(*) FROM newest) = ${ROWS_MAX}
                 GROUP BY m.source_id HAVING sum(m.rejected) > 0)
         SELECT source_id, c.reason, greatest(c.arrivals, round(a.arrivals * coalesce(c.arrivals / c.of_source, 1))) AS arrivals
           FROM counted c FULL JOIN came a USING (source_id)) q
       JOIN holdfast.source s ON s.id = q.source_id`,
  ),
  measure(
    "secret_retired_used",
    "floor",
    `SELECT s.tenant, s.id::text AS subject, 'source ' || s.name AS subject_name, ARRAY[s.id] AS source_ids,
            q.arrivals::float8 AS value, q.arrivals || ' arrivals were signed with a retired secret within a quarter of an hour' AS detail
       FROM holdfast.tenant t
       CROSS JOIN LATERAL (
         SELECT o.source_id, count(*) AS arrivals
           FROM (SELECT j.source_id, j.diagnosis ->> 'likelyCause' AS cause FROM holdfast.rejection j
                  WHERE j.tenant = t.id AND j.id >= $1::uuid ORDER BY j.id DESC LIMIT ${ROWS_MAX}) o
          WHERE o.cause = 'secret_retired' GROUP BY o.source_id) q
       JOIN holdfast.source s ON s.id = q.source_id`,
  ),
  measure(
    "retry_loop",
    "since",
    `SELECT l.tenant, s.id || '/' || l.cause || '/' || coalesce(l.reason, '') AS subject, 'source ' || s.name AS subject_name,
            ARRAY[s.id] AS source_ids, max(l.count)::float8 AS value,
            count(*) || ' requests come again and again (' || l.cause || coalesce(', ' || l.reason, '') || '), the most frequent ' || max(l.count) || ' times' AS detail
       FROM holdfast.retry_loop l JOIN holdfast.source s ON s.id = l.source_id
      WHERE l.last_at >= $1
      GROUP BY l.tenant, s.id, s.name, l.cause, l.reason`,
  ),
  measure(
    "secret_ends",
    "now",
    `SELECT v.tenant, s.id || '/' || v.version AS subject, 'source ' || s.name AS subject_name, ARRAY[s.id] AS source_ids,
            extract(epoch FROM v.not_after - $1::timestamptz)::float8 AS value,
            'version ' || v.version || ' ends at ' || to_char(v.not_after AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC and has verified an arrival within the last day' AS detail
       FROM holdfast.secret_version v
       JOIN holdfast.source s ON s.id = v.source_id AND s.state = 'active'
       JOIN holdfast.secret_usage k ON k.source_id = v.source_id AND k.version = v.version
      WHERE v.state = 'retiring' AND v.not_after > $1 AND k.last_used_at > $1::timestamptz - interval '1 day'`,
  ),
  measure(
    "reconciliation_unexplained",
    "nothing",
    `SELECT c.tenant, c.id::text AS subject, 'source ' || s.name AS subject_name, ARRAY[s.id] AS source_ids,
            u.unexplained::float8 AS value, u.unexplained || ' events of the provider''s log are missing here, says ' || c.name AS detail
       FROM holdfast.reconciliation c
       JOIN holdfast.source s ON s.id = c.source_id
       CROSS JOIN LATERAL (
         SELECT sum(r.unexplained) AS unexplained FROM holdfast.reconciliation_run r WHERE ${tellsUnexplained("c.id")}) u
      WHERE c.state = 'active' AND u.unexplained > 0`,
  ),
  measure(
    "reconciliation_fails",
    "nothing",
    `SELECT c.tenant, c.id::text AS subject, 'source ' || s.name AS subject_name, ARRAY[s.id] AS source_ids,
            1::float8 AS value, c.name || ' failed: ' || left(coalesce(u.detail, ''), 200) AS detail
       FROM holdfast.reconciliation c
       JOIN holdfast.source s ON s.id = c.source_id
       CROSS JOIN LATERAL (
         SELECT r.state, r.detail FROM holdfast.reconciliation_run r
          WHERE r.reconciliation_id = c.id AND r.finished_at IS NOT NULL ORDER BY r.id DESC LIMIT 1) u
      WHERE c.state = 'active' AND u.state = 'failed'`,
  ),
  measure(
    "throttle_in_force",
    "now",
    `SELECT h.tenant, h.scope || '/' || h.target AS subject,
            CASE h.scope WHEN 'all' THEN 'every source' WHEN 'class' THEN 'class ' || h.target ELSE 'source ' || coalesce(s.name, h.target) END AS subject_name,
            CASE WHEN s.id IS NULL THEN '{}'::uuid[] ELSE ARRAY[s.id] END AS source_ids,
            extract(epoch FROM $1::timestamptz - h.set_at)::float8 AS value,
            h.action || ' until ' || to_char(h.until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' || coalesce(': ' || h.reason, '') AS detail
       FROM holdfast.throttle h
       LEFT JOIN holdfast.source s ON h.scope = 'source' AND s.id::text = h.target
      WHERE h.until > $1 AND h.action <> 'admit'`,
  ),
]);
