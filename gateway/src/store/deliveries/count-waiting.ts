import { cold } from "../statement.ts";

/**
 * Depth per state, exactly up to a cap: counting a backlog of millions would read the hot table whole every few seconds.
 * Each state has its partial index. Parameter: cap int.
 */
export const countWaiting = cold<{ state: string; count: number }>(
  "count_waiting",
  `SELECT 'ready' AS state, count(*) FROM (SELECT 1 FROM holdfast.delivery WHERE state = 'ready' LIMIT $1) q
   UNION ALL
   SELECT 'scheduled', count(*) FROM (SELECT 1 FROM holdfast.delivery WHERE state = 'scheduled' LIMIT $1) q
   UNION ALL
   SELECT 'held', count(*) FROM (SELECT 1 FROM holdfast.delivery WHERE state = 'held' LIMIT $1) q
   UNION ALL
   SELECT 'leased', count(*) FROM (SELECT 1 FROM holdfast.delivery WHERE state = 'leased' LIMIT $1) q`,
);

/** What the server reckons to be in each state beyond the cap: the rows of the partial indexes as of the last analysis. */
export const estimateWaiting = cold<{ state: string; estimate: number }>(
  "estimate_waiting",
  `SELECT replace(c.relname, 'delivery_', '') AS state, c.reltuples::float8 AS estimate
     FROM pg_class c
    WHERE c.relnamespace = 'holdfast'::regnamespace
      AND c.relname IN ('delivery_ready', 'delivery_scheduled', 'delivery_held', 'delivery_leased')`,
);
