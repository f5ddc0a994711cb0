import { PRIORITIES } from "../domain/priority.ts";
import type { Linked, LinkedList } from "../platform/linked-list.ts";
import { createLinkedList } from "../platform/linked-list.ts";

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

/** What waits of one lane. */
interface Queue<Item> extends Linked<Queue<Item>> {
  readonly lane: string;
  readonly waiting: Waiting<Item>[];
}

/** The lanes of one priority that have something waiting: the first is next, and goes behind the others then. */
interface Part<Item> {
  readonly queues: LinkedList<Queue<Item>>;
  readonly byLane: Map<string, Queue<Item>>;
}

/** Opens an empty line. */
export function createLine<Item>(nowMs: () => number): Line<Item> {
  const parts = PRIORITIES.map((): Part<Item> => ({ queues: createLinkedList(), byLane: new Map() }));
  return {
    add: ({ priority, lane }, item) => {
      const part = parts[priority]!;
      const queue = part.byLane.get(lane) ?? open(part, lane);
      queue.waiting.push({ item, sinceMs: nowMs() });
    },
    take: (mayTakeBacklog = () => true) => {
      const part = parts.find(({ queues }) => queues.size > 0);
      if (part === undefined) return null;
      const queue = choose(part.queues, mayTakeBacklog);
      if (queue === null) return null;
      const { item } = queue.waiting.shift()!;
      part.queues.delete(queue);
      if (queue.waiting.length > 0) part.queues.add(queue);
      else part.byLane.delete(queue.lane);
      return item;
    },
    takeSince: (sinceMs) => {
      const late: Item[] = [];
      for (const { queues, byLane } of parts)
        for (const queue of queues) {
          const { lane, waiting } = queue;
          while (waiting.length > 0 && waiting[0]!.sinceMs <= sinceMs) late.push(waiting.shift()!.item);
          if (waiting.length > 0) continue;
          queues.delete(queue);
          byLane.delete(lane);
        }
      return late;
    },
  };
}

function open<Item>({ queues, byLane }: Part<Item>, lane: string): Queue<Item> {
  const queue: Queue<Item> = { lane, waiting: [], before: null, after: null };
  queues.add(queue);
  byLane.set(lane, queue);
  return queue;
}

function choose<Item>(queues: LinkedList<Queue<Item>>, mayTakeBacklog: () => boolean): Queue<Item> | null {
  const { first } = queues;
  if (first === null || first.waiting.length === 1 || mayTakeBacklog()) return first;
  for (const queue of queues) if (queue.waiting.length === 1) return queue;
  return null;
}
