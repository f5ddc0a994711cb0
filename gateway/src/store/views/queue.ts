import { cold } from "../statement.ts";

export interface QueueCountRow {
  readonly state: string;
  readonly priority: number;
  readonly held_reason: string | null;
  readonly destination_id: string;
  readonly deliveries: number;
  /** Since when the oldest of them waits, in milliseconds since 1970: from when it became ready, else from when it was made. */
  readonly since_ms: number;
  /** When the next of them is tried; null but for scheduled ones. */
  readonly next_due_at: Date | null;
}

/**
 * What is not finished, by state, priority, reason and destination. Of each state at most a number of rows is counted, through
 * its own partial index: a backlog of millions is not worth reading for a screen. Parameters: tenant, rows a state.
 */
export const countQueue = cold<QueueCountRow>(
  "count_queue",
  `SELECT q.state, q.priority, q.held_reason, q.destination_id, count(*)::int AS deliveries, min(q.due_at) AS next_due_at,
          least(extract(epoch FROM min(q.ready_at)) * 1000,
                ('x' || substr(min(q.id::text) FILTER (WHERE q.ready_at IS NULL), 1, 8)
                     || substr(min(q.id::text) FILTER (WHERE q.ready_at IS NULL), 10, 4))::bit(48)::bigint)::float8 AS since_ms
     FROM (SELECT * FROM (SELECT d.id, d.state, d.priority, d.held_reason, d.destination_id, d.due_at, d.ready_at
                            FROM holdfast.delivery d WHERE d.state = 'ready' AND d.tenant = $1
                           ORDER BY d.priority, d.rank LIMIT $2) a
           UNION ALL
           SELECT * FROM (SELECT d.id, d.state, d.priority, d.held_reason, d.destination_id, d.due_at, d.ready_at
                            FROM holdfast.delivery d WHERE d.state = 'scheduled' AND d.tenant = $1
                           ORDER BY d.due_at LIMIT $2) b
           UNION ALL
           SELECT * FROM (SELECT d.id, d.state, d.priority, d.held_reason, d.destination_id, d.due_at, d.ready_at
                            FROM holdfast.delivery d WHERE d.state = 'held' AND d.tenant = $1 LIMIT $2) c
           UNION ALL
           SELECT * FROM (SELECT d.id, d.state, d.priority, d.held_reason, d.destination_id, d.due_at, d.ready_at
                            FROM holdfast.delivery d WHERE d.state = 'leased' AND d.tenant = $1
                           ORDER BY d.lease_until LIMIT $2) e) q
    GROUP BY q.state, q.priority, q.held_reason, q.destination_id`,
);

/** The lanes with most ready deliveries among the next ones of each priority. Parameters: tenant, rows a priority, lanes. */
export const listReadyLanes = cold<{ priority: number; lane: string; deliveries: number }>(
  "list_ready_lanes",
  `SELECT p.priority, q.lane, count(*)::int AS deliveries
     FROM (VALUES (0), (1), (2), (3)) AS p(priority)
     CROSS JOIN LATERAL (
       SELECT d.lane FROM holdfast.delivery d
        WHERE d.state = 'ready' AND d.priority = p.priority AND d.tenant = $1 ORDER BY d.rank LIMIT $2) q
    GROUP BY p.priority, q.lane
    ORDER BY count(*) DESC, p.priority, q.lane
    LIMIT $3`,
);
