import { cold } from "../statement.ts";

/** The server's version and its time. */
export const readServer = cold<{ version: string; now: Date }>(
  "read_server",
  "SELECT current_setting('server_version') AS version, now() AS now",
);

/** A tenant's unfinished deliveries by state. Parameter: tenant. */
export const countUnfinished = cold<{ state: string; deliveries: number }>(
  "count_unfinished",
  `SELECT state, count(*)::int AS deliveries FROM holdfast.delivery WHERE tenant = $1 GROUP BY state`,
);

/** For each priority, the ready delivery that is next, whose id tells since when it exists. Parameter: tenant. */
export const findNextReady = cold<{ priority: number; id: string }>(
  "find_next_ready",
  `SELECT p.priority, q.id
     FROM (VALUES (0), (1), (2), (3)) AS p(priority)
     CROSS JOIN LATERAL (
       SELECT d.id FROM holdfast.delivery d
        WHERE d.state = 'ready' AND d.priority = p.priority AND d.tenant = $1
        ORDER BY d.rank LIMIT 1) q`,
);

/** The newest partition of each table that grows with time; its name ends in its day. */
export const findLastPartitions = cold<{ parent: string; last: string }>(
  "find_last_partitions",
  `SELECT p.relname AS parent, max(c.relname::text) AS last
     FROM pg_inherits i
     JOIN pg_class c ON c.oid = i.inhrelid
     JOIN pg_class p ON p.oid = i.inhparent
     JOIN pg_namespace n ON n.oid = p.relnamespace
    WHERE n.nspname = 'holdfast' AND c.relname ~ '_p[0-9]{8}$'
    GROUP BY p.relname`,
);
