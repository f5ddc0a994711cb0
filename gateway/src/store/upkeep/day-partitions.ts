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
// letters are read, of later ones that of events, which finds few there (measured: 0.2 s where 400,000 a day have 8,000 dead
// and none is needed, and 0.1 s where all of these were dismissed).
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
  `SELECT FROM holdfast.delivery d WHERE d.id >= $1 AND d.id < $2
   UNION ALL
   SELECT FROM holdfast.finished_delivery f
    WHERE f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL
      AND f.id >= $1 AND f.id < $2 AND f.finished_at > $3
   UNION ALL
   SELECT FROM holdfast.finished_delivery f WHERE f.dismissed_at >= $4 AND f.id >= $1 AND f.id < $2
   LIMIT 1`,
);

// By the index of events: in the order of another one it might go through the whole day.
const findFinishedOf = cold(
  "find_finished_of_events",
  `SELECT FROM holdfast.finished_delivery f
    WHERE f.id >= $1 AND f.id < $2 AND f.event_id >= $3 AND f.event_id < $4
    ORDER BY f.event_id LIMIT 1`,
);

/**
 * Whether a day of finished deliveries tells what became of events of these days, one after the other: made a second time, by a
 * retry or a replay, a delivery lies in a later day than its event, and without it the event would stand as never delivered.
 */
export async function tellsOf(db: Queryable, day: DayPartition, events: readonly DayPartition[]): Promise<boolean> {
  for (const { fromMs, toMs } of joinDays(events)) {
    const bounds = [day.fromMs, day.toMs, fromMs, toMs].map(lowestUuid);
    if ((await db.run(findFinishedOf, bounds)).rowCount === 1) return true;
  }
  return false;
}

function joinDays(days: readonly DayPartition[]): { readonly fromMs: number; readonly toMs: number }[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of days) {
    const last = spans.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else spans.push({ fromMs, toMs });
  }
  return spans;
}

/** Since when a dead letter keeps what it needs. */
export interface KeptSince {
  /** One that nobody has handled, by its death. */
  readonly died: Date;
  /** One that was dismissed, by that: for as long it can be undone. */
  readonly dismissed: Date;
}

/**
 * Whether something needs this day: a delivery that is not finished, for its event or, in finished deliveries, for the
 * place that it will be written to; or a dead letter that nobody has handled and that died lately, since days go by when a
 * delivery was made, and it may have waited for longer than they are kept; or one that was dismissed lately. No new delivery
 * is made with an id of the past, so a day that nobody needs is not needed later; a retry or replay that is asked for in
 * this very moment ends dead with its reason. What hangs on events is also needed as long as these are there, which the
 * caller knows.
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
