import { cold } from "../statement.ts";

/** The lowest rank that is ready per priority, which is the oldest: one look at the head of the index each. */
export const findOldestReady = cold<{ priority: number; rank: number }>(
  "find_oldest_ready",
  `SELECT p.priority, q.rank
     FROM (VALUES (0), (1), (2), (3)) AS p(priority)
     CROSS JOIN LATERAL (
       SELECT d.rank FROM holdfast.delivery d WHERE d.state = 'ready' AND d.priority = p.priority ORDER BY d.rank LIMIT 1) q`,
);
