import { cold } from "../statement.ts";

/**
 * The last ready delivery of a lane below a rank, as far as 1,000 ready deliveries back: a lane's last one lies right below
 * its tag, unless what it queued has been held, withdrawn or lost its place. `lowest`: how far back was looked, null when
 * there was nothing else.
 * What became ready after it was made has its rank from its lane's retries, whether it was tried before or not: what a pause lets
 * go was not. So has what follows a dead letter. What a replay has queued, and nobody has tried, counts for both: whether it stands where
 * the replay put it or was let go since cannot be told, and a lane that stays ahead of it keeps the order.
 * Parameters: priority int, rank float8, lane text, whether its retries are meant.
 */
export const findLaneEnd = cold<{ last: number | null; lowest: number | null }>(
  "find_lane_end",
  `SELECT max(q.rank) FILTER (WHERE q.lane = $3 AND (q.retried = $4::boolean OR q.either)) AS last,
          CASE WHEN count(*) = 1000 THEN min(q.rank) END AS lowest
     FROM (SELECT d.rank, d.lane,
                  d.ready_at IS NOT NULL OR (d.retry_of IS NOT NULL AND d.trigger <> 'replay') AS retried,
                  d.attempt = 0 AND d.trigger IN ('replay', 'copy') AS either
             FROM holdfast.delivery d
            WHERE d.state = 'ready' AND d.priority = $1 AND d.rank < $2
            ORDER BY d.priority DESC, d.rank DESC LIMIT 1000) q`,
);
