import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** The server's version and its time. */
export const readServer = cold<{ version: string; now: Date }>(
  "read_server",
  "SELECT current_setting('server_version') AS version, now() AS now",
);

/**
 * Since when the oldest ready delivery of each priority waits, in milliseconds since 1970; reckoned as the queue's gauge does
 * (deliveries/measure-queue.ts), among the tenant's own. Parameter: tenant.
 */
export const findOldestOwn = cold<{ priority: number; since: number }>(
  "find_oldest_own",
  `SELECT p.priority,
          least(extract(epoch FROM min(q.ready_at)) * 1000,
                ('x' || substr(min(q.made), 1, 8) || substr(min(q.made), 10, 4))::bit(48)::bigint)::float8 AS since
     FROM (VALUES (0), (1), (2), (3)) AS p(priority)
     CROSS JOIN LATERAL (
       SELECT d.ready_at, CASE WHEN d.ready_at IS NULL THEN d.id::text END AS made
         FROM holdfast.delivery d
        WHERE d.state = 'ready' AND d.priority = p.priority AND d.tenant = $1 ORDER BY d.rank LIMIT 2000) q
    GROUP BY p.priority`,
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

const DAY_MS = 86_400_000;

/** How many days after this moment's a partition holds the day of. Its name ends in it: event_p20261121. */
export function daysAhead(partition: string, now: Date): number {
  const [, year, month, day] = /_p(\d{4})(\d{2})(\d{2})$/.exec(partition) ?? [];
  const heldMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return Math.round(heldMs / DAY_MS) - Math.floor(now.getTime() / DAY_MS);
}

/** How many days ahead partitions are made, by table. What comes on a day without one is refused. */
export async function readDaysAhead(db: Queryable, now: Date): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.run(findLastPartitions, []);
  return new Map(rows.map(({ parent, last }) => [parent, daysAhead(last, now)]));
}
