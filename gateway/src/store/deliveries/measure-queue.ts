import { cold } from "../statement.ts";

/**
 * Since when the oldest ready delivery of each priority waits, in milliseconds since 1970: from when it became ready, else
 * from when its id was made (the first 48 bits of a UUIDv7). The oldest of a lane is its lowest rank, and each lane's lowest
 * rank lies near the virtual time, so the first 2,000 rows hold the oldest of up to 2,000 lanes.
 */
export const findOldestReady = cold<{ priority: number; since: number }>(
  "find_oldest_ready",
  `SELECT p.priority, min(q.since) AS since
     FROM (VALUES (0), (1), (2), (3)) AS p(priority)
     CROSS JOIN LATERAL (
       SELECT coalesce(extract(epoch FROM d.ready_at) * 1000,
                       ('x' || substr(d.id::text, 1, 8) || substr(d.id::text, 10, 4))::bit(48)::bigint)::float8 AS since
         FROM holdfast.delivery d WHERE d.state = 'ready' AND d.priority = p.priority ORDER BY d.rank LIMIT 2000) q
    GROUP BY p.priority`,
);
