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

export function createDatabaseClock(db: Queryable, clock: Clock): DatabaseClock {
  let baseMs = clock.now().getTime();
  let atMs = clock.monotonicMs();
  return {
    now: () => new Date(baseMs + clock.monotonicMs() - atMs),
    sync: async () => {
      const sentMs = clock.monotonicMs();
      const readMs = await readClock(db);
      const receivedMs = clock.monotonicMs();
      // The answer was made somewhere between; the middle is off by at most half the round trip.
      baseMs = readMs;
      atMs = (sentMs + receivedMs) / 2;
    },
  };
}

const READ_MS = 30_000;

/**
 * Reads it again and again. Every process needs that, whatever its roles: a monotonic clock does not count the time in which
 * the machine was suspended, nor does it hear of a database whose clock was set, and places in the order of a key that two
 * doors give would differ by that for good.
 */
export function keepTime(databaseClock: Pick<DatabaseClock, "sync">, log: Log): Loop {
  return startLoop({ name: "clock", log, idleMs: READ_MS }, async () => {
    await databaseClock.sync();
    return false;
  });
}
