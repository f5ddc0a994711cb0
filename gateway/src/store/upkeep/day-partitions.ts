import { lowestUuid } from "../../domain/id.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

const DAY_MS = 86_400_000;

/** One day of a table that grows with time. */
export interface DayPartition {
  readonly table: string;
  readonly name: string;
  /** The day's beginning and end (UTC), Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The server's own estimate; 0 when it has none. */
  readonly rows: number;
}

const listDays = cold<{ parent: string; name: string; rows: number }>(
  "list_days",
  `SELECT p.relname AS parent, c.relname AS name, greatest(c.reltuples, 0)::float8 AS rows
     FROM pg_inherits i
     JOIN pg_class c ON c.oid = i.inhrelid
     JOIN pg_class p ON p.oid = i.inhparent
     JOIN pg_namespace n ON n.oid = p.relnamespace
    WHERE n.nspname = 'holdfast' AND c.relname ~ '_p[0-9]{8}$'
    ORDER BY c.relname`,
);

/** Every day that is stored, by table and then by time. */
export async function listDayPartitions(db: Queryable): Promise<DayPartition[]> {
  return (await db.run(listDays, [])).rows.map(({ parent, name, rows }) => {
    const [, year, month, day] = /_p(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
    const fromMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
    return { table: parent, name, fromMs, toMs: fromMs + DAY_MS, rows };
  });
}

// One statement, so that a delivery which dies meanwhile is seen here or there. No delivery is older than its event, and the
// bound on `f.id` leaves the partitions before that day alone. Of the day itself the indexes of open and of dismissed dead
// letters are read, of later ones that of events, which finds few there (measured: 0.2 s where 400,000 a day have 8,000 dead and none is needed).
const findNeedOfEvents = cold(
  "find_need_of_events",
  `SELECT FROM holdfast.delivery d WHERE d.event_id >= $1 AND d.event_id < $2
   UNION ALL
   SELECT FROM holdfast.finished_delivery f
    WHERE f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL
      AND f.id >= $1 AND f.event_id >= $1 AND f.event_id < $2 AND f.finished_at > $3
   UNION ALL
   SELECT FROM holdfast.finished_delivery f
    WHERE f.dismissed_at >= $4 AND f.id >= $1 AND f.event_id >= $1 AND f.event_id < $2
   LIMIT 1`,
);

const findNeedOfTime = cold(
  "find_need_of_time",
  `SELECT FROM holdfast.delivery d WHERE (d.id >= $1 AND d.id < $2) OR (d.retry_of >= $1 AND d.retry_of < $2)
   UNION ALL
   SELECT FROM holdfast.finished_delivery f
    WHERE f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL
      AND f.id >= $1 AND f.id < $2 AND f.finished_at > $3
   UNION ALL
   SELECT FROM holdfast.finished_delivery f WHERE f.dismissed_at >= $4 AND f.id >= $1 AND f.id < $2
   LIMIT 1`,
);

/** Since when a dead letter keeps what it needs. */
export interface KeptSince {
  /** One that nobody has handled, by its death. */
  readonly died: Date;
  /** One that was dismissed, by that: for as long it can be undone. */
  readonly dismissed: Date;
}

/**
 * Whether something needs this day: a delivery that is not finished, for its event or, in finished deliveries, for the
 * place that it will be written to and the dead letter that it goes back to when it is taken back; or a dead letter that
 * nobody has handled and that died lately, since days go by when a delivery was made, and it may have waited for longer
 * than they are kept; or one that was dismissed lately. No new delivery is made with an id of the past, so a day that
 * nobody needs is not needed later; a retry or replay that is asked for in this very moment ends dead with its reason. A
 * day of duplicates is needed as long as its events are there, which the caller knows.
 */
export async function isDayNeeded(db: Queryable, day: DayPartition, since: KeptSince): Promise<boolean> {
  const bounds = [lowestUuid(day.fromMs), lowestUuid(day.toMs), since.died, since.dismissed];
  switch (day.table) {
    case "event":
      return (await db.run(findNeedOfEvents, bounds)).rowCount === 1;
    case "finished_delivery":
      return (await db.run(findNeedOfTime, bounds)).rowCount === 1;
    default:
      return false;
  }
}

const countDead = cold<{ dead: number }>(
  "count_dead_of_days",
  `SELECT count(*)::int AS dead FROM holdfast.finished_delivery
    WHERE state = 'dead' AND retried_as IS NULL AND id >= $1 AND id < $2`,
);

/** How many dead letters, that nobody has retried, lie in a day of finished deliveries; 0 for other tables. */
export async function countDeadLetters(db: Queryable, day: DayPartition): Promise<number> {
  if (day.table !== "finished_delivery") return 0;
  return (await db.run(countDead, [lowestUuid(day.fromMs), lowestUuid(day.toMs)])).rows[0]?.dead ?? 0;
}
