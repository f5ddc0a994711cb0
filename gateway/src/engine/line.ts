import { PRIORITIES } from "../domain/priority.ts";

/** Where something stands in line. */
export interface Place {
  readonly priority: number;
  readonly lane: string;
}

/**
 * What waits in this process: the most urgent first, and within a priority the lanes in turn, each in the order in which it came.
 * The database has given it out in fair shares; what comes in later is not to wait behind all that one lane had leased before.
 */
export interface Line<Item> {
  add(place: Place, item: Item): void;
  /**
   * Takes the next one out; null when there is none.
   *
   * @param mayTakeBacklog is asked where the next one's lane has more behind it; where it may not be taken now, the first that is
   *   alone in its lane is
   */
  take(mayTakeBacklog?: () => boolean): Item | null;
  /** Takes out those that have waited since this moment or longer, on the clock of the line. */
  takeSince(sinceMs: number): Item[];
}

interface Waiting<Item> {
  readonly item: Item;
  readonly sinceMs: number;
}

/** Opens an empty line. */
export function createLine<Item>(nowMs: () => number): Line<Item> {
  // A map remembers the order of its lanes: the first is next, and goes behind the others then.
  const parts = PRIORITIES.map(() => new Map<string, Waiting<Item>[]>());
  return {
    add: ({ priority, lane }, item) => {
      const part = parts[priority]!;
      const waiting = part.get(lane) ?? [];
      waiting.push({ item, sinceMs: nowMs() });
      part.set(lane, waiting);
    },
    take: (mayTakeBacklog = () => true) => {
      const part = parts.find(({ size }) => size > 0);
      if (part === undefined) return null;
      const [first] = part;
      const found =
        first![1].length === 1 || mayTakeBacklog() ? first : [...part].find(([, { length }]) => length === 1);
      if (found === undefined) return null;
      const [lane, waiting] = found;
      const { item } = waiting.shift()!;
      part.delete(lane);
      if (waiting.length > 0) part.set(lane, waiting);
      return item;
    },
    takeSince: (sinceMs) => {
      const late: Item[] = [];
      for (const part of parts)
        for (const [lane, waiting] of part) {
          while (waiting.length > 0 && waiting[0]!.sinceMs <= sinceMs) late.push(waiting.shift()!.item);
          if (waiting.length === 0) part.delete(lane);
        }
      return late;
    },
  };
}
