import { setTimeout as pause } from "node:timers/promises";
import { UNDO_MS } from "../../domain/dead-filter.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";
import { isConnectionGone } from "../../store/database.ts";
import type { DayPartition, KeptSince } from "../../store/upkeep/day-partitions.ts";
import { countDeadLetters, isDayNeeded, listDayPartitions, tellsOf } from "../../store/upkeep/day-partitions.ts";
import { dropPartition } from "../../store/upkeep/partition-ddl.ts";
import type { Leader, Term } from "../leader.ts";
import { underTerm } from "../leader.ts";

const DAY_MS = 86_400_000;

/** How long each kind is kept, in days, counted from the end of the day that it came on. */
export interface Retention {
  /** Events with their bytes, and how often they came again. */
  readonly eventDays: number;
  readonly attemptDays: number;
  readonly rejectionDays: number;
  /** How long a key that was seen is known. */
  readonly dedupeDays: number;
}

export interface PrunerDeps {
  readonly db: Database;
  readonly leader: Leader;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: (bytes: number) => Uint8Array;
  /** Ends the waits between two tries. */
  readonly signal?: AbortSignal;
}

/** What one round of the pruner did. */
export interface Pruned {
  readonly dropped: readonly string[];
  /** Old enough, and kept because something that is not finished, or died lately, needs them. */
  readonly needed: readonly string[];
  /** Old enough, and not dropped this time: somebody reads or writes the table all the time, it cannot be read or dropped, or this process leads no more. */
  readonly postponed: readonly string[];
}

/** Bounds a round after a long stop; the next one goes on. */
const DROPS_MAX = 50;

/**
 * Drops the days that are older than their kind is kept, the oldest first. A day that an unfinished delivery needs stays,
 * however old: its event, and the place it will be written to when it ends. So does a dead letter that nobody has handled, with
 * its event, until it has been dead for as long as events are kept, and one that was handled as long as that can be undone.
 * As long as an event is there, so is what became of it, and how often it came again.
 * Nothing goes silently: each drop is logged and counted, with the dead letters that went with it.
 *
 * @param nowMs Unix milliseconds
 */
export async function prune(deps: PrunerDeps, retention: Retention, nowMs: number): Promise<Pruned> {
  const done = { dropped: [] as string[], needed: [] as string[], postponed: [] as string[] };
  const stored = await listDayPartitions(deps.db);
  const days = stored.filter((day) => day.toMs <= nowMs - keptMs(retention, day.table));
  // Events before what hangs on them: while one is there, a copy of it may still be counted, and is refused where it cannot; and
  // what became of it has to be known, or a replay of what was never delivered takes it for such.
  const inOrder = ORDER.flatMap((table) => days.filter((day) => day.table === table));
  const names = new Set(stored.map(({ name }) => name));
  const since = { died: new Date(nowMs - retention.eventDays * DAY_MS), dismissed: new Date(nowMs - UNDO_MS) };
  for (const day of inOrder) {
    const term = deps.leader.current();
    const events = eventsOf(day);
    const older = (): DayPartition[] =>
      stored.filter(({ table, name, toMs }) => table === "event" && toMs <= day.fromMs && !done.dropped.includes(name));
    if (term === null || done.dropped.length >= DROPS_MAX) done.postponed.push(day.name);
    else if (events !== null && names.has(events) && !done.dropped.includes(events))
      done[done.needed.includes(events) ? "needed" : "postponed"].push(day.name);
    else done[await judge(deps, term, day, since, older())].push(day.name);
  }
  deps.metrics.retentionNeeded.set(done.needed.length);
  return done;
}

/** The day of events whose repeats this day counts, or whose deliveries it tells of; null for other tables. */
function eventsOf({ table, name }: DayPartition): string | null {
  return table === "duplicate" || table === "finished_delivery" ? name.replace(table, "event") : null;
}

const ORDER = ["event", "duplicate", "attempt", "finished_delivery", "rejection"];

// A dead letter lives as long as its event and its attempts: without the one it could not be retried, without the other it
// could not be explained.
function keptMs({ eventDays, attemptDays, rejectionDays }: Retention, table: string): number {
  switch (table) {
    case "event":
    case "duplicate":
      return eventDays * DAY_MS;
    case "attempt":
      return attemptDays * DAY_MS;
    case "finished_delivery":
      return Math.max(eventDays, attemptDays) * DAY_MS;
    case "rejection":
      return rejectionDays * DAY_MS;
    default:
      return Infinity;
  }
}

/** One day that cannot be read or dropped, for a damaged page or a view on it, must not keep all others: it is named, and tried again later. */
async function judge(
  deps: PrunerDeps,
  term: Term,
  day: DayPartition,
  since: KeptSince,
  olderEvents: readonly DayPartition[],
): Promise<keyof Pruned> {
  try {
    if (await isDayNeeded(deps.db, day, since)) return "needed";
    if (day.table === "finished_delivery" && (await tellsOf(deps.db, day, olderEvents))) return "needed";
    return await drop(deps, term, day);
  } catch (error) {
    if (isConnectionGone(error)) throw error;
    const words = "a day that is older than it is kept cannot be dropped; it is tried again later";
    deps.log.error({ table: day.table, partition: day.name, error: messageOf(error) }, words);
    return "postponed";
  }
}

async function drop(deps: PrunerDeps, term: Term, day: DayPartition): Promise<"dropped" | "postponed"> {
  const deadLetters = await countDeadLetters(deps.db, day);
  const done = await dropUnlessBusy(deps, term, (tx) => dropPartition(tx, day.table, day.name));
  if (!done) return "postponed";
  const fields = { table: day.table, partition: day.name, rows: day.rows, deadLetters };
  deps.metrics.retentionDropped.inc({ table: day.table });
  deps.metrics.retentionDroppedRows.inc({ table: day.table }, day.rows);
  deps.metrics.retentionDeadLetters.inc(deadLetters);
  deps.log.info(fields, "a day that is older than it is kept was dropped");
  return "dropped";
}

const TRIES = 5;
const TRY_PAUSE_MS = 250;
const TRY_JITTER_MS = 1_000;
const DROP_DEADLINE_MS = 5_000;

/**
 * Tries a drop a few times, each of which gives its lock up soon. Between two tries it waits, by chance more or less, so
 * that writers and a regular reader get their turn.
 *
 * Where it is not known what became of one, the next tells: what is not there any more was dropped.
 *
 * @returns whether it was done; false: the table is in use, or the term has ended. Throws for any other fault, and where it is not
 *   known to the end.
 */
export async function dropUnlessBusy(
  deps: Omit<PrunerDeps, "metrics" | "leader" | "clock">,
  term: Term,
  act: (tx: Parameters<Parameters<Database["transaction"]>[0]>[0]) => Promise<void>,
): Promise<boolean> {
  let unknown: string | null = null;
  for (let left = TRIES; left > 0; left--) {
    const done = await underTerm(deps.db, term, act, DROP_DEADLINE_MS);
    if (done.ok) return true;
    if ("deposed" in done) return false;
    if (unknown !== null && done.code === "42P01") return true;
    if (done.unknown) unknown = done.message;
    // 55P03: the lock was not had in time. 40P01: a reader and we wanted each other's.
    else if (unknown === null && done.code !== "55P03" && done.code !== "40P01")
      throw Object.assign(new Error(`a partition is not dropped: ${done.message}`), { code: done.code });
    const jitterMs = (deps.random(1)[0]! / 256) * TRY_JITTER_MS;
    const waited = await pause(TRY_PAUSE_MS + jitterMs, true, { signal: deps.signal }).catch(() => false);
    if (!waited) return false;
  }
  if (unknown !== null) throw new Error(`it is not known whether a partition was dropped: ${unknown}`);
  deps.log.warn({}, "an old partition is in use all the time and is not dropped; it is tried again later");
  return false;
}
