import { cold } from "../statement.ts";

/**
 * The last ready delivery of a lane below a rank, as far as 1,000 ready deliveries back: a lane's last one lies right below
 * its tag, unless what it queued has been held, withdrawn or lost its place. `lowest`: how far back was looked, null when
 * there was nothing else.
 * Parameters: priority int, rank float8, lane text, whether its retries are meant.
 */
export const findLaneEnd = cold<{ last: number | null; lowest: number | null }>(
  "find_lane_end",
  `SELECT max(q.rank) FILTER (WHERE q.lane = $3 AND (q.attempt > 0) = $4::boolean) AS last,
          CASE WHEN count(*) = 1000 THEN min(q.rank) END AS lowest
     FROM (SELECT d.rank, d.lane, d.attempt FROM holdfast.delivery d
            WHERE d.state = 'ready' AND d.priority = $1 AND d.rank < $2
            ORDER BY d.priority DESC, d.rank DESC LIMIT 1000) q`,
);
