/** So many attempts are begun in one turn of the event loop: half a millisecond's work. */
const BITE = 8;

/**
 * Does something with each of many, a few in each turn of the event loop, in their order. What else waits for the loop, such as
 * an arrival or an answer of the database, then waits for a few at most: sixty-four attempts begun at once were a turn of
 * several milliseconds (docs/decisions/0013).
 */
export function eachInBites<Item>(all: readonly Item[], act: (one: Item, i: number) => void): void {
  const bite = (from: number): void => {
    const end = Math.min(all.length, from + BITE);
    for (let i = from; i < end; i++) act(all[i]!, i);
    if (end < all.length) setImmediate(bite, end);
  };
  bite(0);
}
