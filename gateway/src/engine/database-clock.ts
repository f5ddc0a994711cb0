import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Queryable } from "../store/statement.ts";
import { readClock } from "../store/upkeep/read-clock.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";

/**
 * The database's time as this process knows it: read now and then, and carried on by the monotonic clock. Leases and due
 * times use it, so that a wall clock which jumps or is wrong in one process neither ends nor prolongs anybody's lease.
 */
export interface DatabaseClock {
  now(): Date;
  /** Reads the database's clock again. Throws when it cannot be reached; the last reading then stays in force. */
  sync(): Promise<void>;
}

/** One that knows when its last reading says nothing any more. */
export interface SteadyClock extends DatabaseClock {
  /**
   * {@link sync}, where this machine may have slept since the last reading or its wall clock was set: that one and the monotonic one do
   * not agree on how long ago it was. Else null. What is written down for others, such as the end of a lease, waits for it.
   */
  catchUp(): Promise<void> | null;
}

/** A wall clock that is slewed goes wrong by 15 ms between two readings. */
const APART_MS_MAX = 3_000;
/** A reading that took longer is made again: it waited for a connection, or for the event loop. */
const TRIP_MS_MAX = 50;
const READINGS_MAX = 3;

export function createDatabaseClock(db: Queryable, clock: Clock): SteadyClock {
  let baseMs = clock.now().getTime();
  let atMs = clock.monotonicMs();
  let wallAtMs = baseMs;
  let isKnown = false;
  /** @returns how long it took */
  const read = async (): Promise<number> => {
    const sentMs = clock.monotonicMs();
    const readMs = await readClock(db);
    const receivedMs = clock.monotonicMs();
    const tripMs = receivedMs - sentMs;
    wallAtMs = clock.now().getTime();
    // The answer was made somewhere between. What is known already stands unless this proves it wrong: the wait for a connection
    // lies wholly before the answer, and two processes that put keys into order by it would differ by half of that wait.
    const carriedMs = baseMs + receivedMs - atMs;
    const stands = isKnown && carriedMs >= readMs && carriedMs <= readMs + tripMs;
    baseMs = stands ? carriedMs : readMs + tripMs / 2;
    atMs = receivedMs;
    isKnown = true;
    return tripMs;
  };
  const readWell = async (): Promise<void> => {
    for (let i = 0; i < READINGS_MAX; i++) if ((await read()) <= TRIP_MS_MAX) return;
  };
  let reading: Promise<void> | null = null;
  // One reading for all who ask at once: after a sleep that is every arrival.
  const sync = (): Promise<void> =>
    (reading ??= readWell().finally(() => {
      reading = null;
    }));
  return {
    now: () => new Date(baseMs + clock.monotonicMs() - atMs),
    sync,
    catchUp: () => {
      const apartMs = clock.now().getTime() - wallAtMs - (clock.monotonicMs() - atMs);
      return Math.abs(apartMs) > APART_MS_MAX ? sync() : null;
    },
  };
}

const READ_MS = 30_000;
/** Receivers of signed requests commonly refuse what is five minutes off (Standard Webhooks). */
const TOLD_APART_SEC = 60;

/**
 * Reads it again and again. Every process needs that, whatever its roles: a monotonic clock does not count the time in which
 * the machine was suspended, nor does it hear of a database whose clock was set, and places in the order of a key that two
 * doors give would differ by that for good. Says so once when this machine's wall clock is a minute off.
 */
export function keepTime(databaseClock: DatabaseClock, clock: Pick<Clock, "now">, log: Log): Loop {
  let isApart = false;
  return startLoop({ name: "clock", log, idleMs: READ_MS }, async () => {
    await databaseClock.sync();
    const aheadSec = Math.round((clock.now().getTime() - databaseClock.now().getTime()) / 1_000);
    const wasApart = isApart;
    isApart = Math.abs(aheadSec) > TOLD_APART_SEC;
    if (isApart && !wasApart)
      log.warn({ aheadSec }, "this machine's clock and the database's are apart; one of them is wrong");
    if (wasApart && !isApart) log.info({}, "this machine's clock and the database's agree again");
    return false;
  });
}
