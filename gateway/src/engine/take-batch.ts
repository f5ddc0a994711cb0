/** One that waits for its transaction. */
export interface Queued<Item> {
  readonly item: Item;
  readonly size: number;
  /** From when on it is tried, by itself; null: it shares a transaction with others, at once. */
  readonly aloneFromMs: number | null;
  /** Null: it is answered, and waits no longer. */
  readonly answer: object | null;
}

export interface BatchBounds<Item> {
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** Items of one batch share no key. */
  keysOf(item: Item): readonly string[];
}

/**
 * Takes the first batch out of those that wait: the oldest, as many as may be together, or one that is to be by itself.
 *
 * @param nowMs on the clock of {@link Queued.aloneFromMs}
 * @param mayBeAlone whether one that is to be by itself may be taken now
 * @returns the batch, empty where none may be tried now, and those that go on waiting
 */
export function takeBatch<Item, One extends Queued<Item>>(
  pending: readonly One[],
  { itemsMax, bytesMax, keysOf }: BatchBounds<Item>,
  { nowMs, mayBeAlone }: { readonly nowMs: number; readonly mayBeAlone: boolean },
): { readonly batch: One[]; readonly left: One[] } {
  const batch: One[] = [];
  const left: One[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  let taken = 0;
  for (const one of pending) {
    taken++;
    if (one.answer === null) continue;
    if (one.aloneFromMs !== null) {
      const isNext = batch.length === 0 && mayBeAlone && one.aloneFromMs <= nowMs;
      (isNext ? batch : left).push(one);
      if (isNext) break;
      continue;
    }
    const own = keysOf(one.item);
    if (own.some((key) => keys.has(key))) {
      left.push(one);
      continue;
    }
    if (batch.length > 0 && bytes + one.size > bytesMax) {
      left.push(one);
      break;
    }
    for (const key of own) keys.add(key);
    bytes += one.size;
    batch.push(one);
    if (batch.length >= itemsMax) break;
  }
  return { batch, left: left.concat(pending.slice(taken)) };
}
