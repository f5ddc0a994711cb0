/**
 * Gives places in the order of a key, in microseconds since 1970 by the database's time: in one process each is larger than
 * the one before it, and two processes differ by no more than their knowledge of that time does (half of the shortest round trip
 * that each has seen: a few milliseconds, less than it takes a sender to get its answer and send the next event).
 */
export function createOrderClock(databaseNow: () => Date): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, databaseNow().getTime() * 1_000);
    return last;
  };
}
