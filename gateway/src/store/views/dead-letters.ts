import { cold } from "../statement.ts";

export interface DeadGroupRow {
  readonly reason: string;
  readonly destination_id: string;
  readonly deliveries: number;
  readonly first_at: Date;
  readonly last_at: Date;
}

/**
 * Dead letters that nobody has retried, grouped by reason and destination. Only the newest are counted, so that the answer
 * comes in time however many there are. Parameters: tenant, how many are counted at most.
 */
export const groupDead = cold<DeadGroupRow>(
  "group_dead",
  `SELECT q.reason, q.destination_id, count(*)::int AS deliveries, min(q.finished_at) AS first_at, max(q.finished_at) AS last_at
     FROM (SELECT f.reason, f.destination_id, f.finished_at
             FROM holdfast.finished_delivery f
            WHERE f.tenant = $1 AND f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL
            ORDER BY f.id DESC LIMIT $2) q
    GROUP BY q.reason, q.destination_id
    ORDER BY deliveries DESC, q.reason, q.destination_id`,
);
