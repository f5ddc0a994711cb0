import type { Clock } from "../platform/clock.ts";
import type { Queryable } from "../store/statement.ts";
import { readClock } from "../store/upkeep/read-clock.ts";

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
