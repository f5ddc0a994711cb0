import { PRIORITIES } from "../domain/priority.ts";

/** What waits in this process, the most urgent first, and within a priority in the order in which it came. */
export interface Line<Item> {
  add(priority: number, item: Item): void;
  /** Takes the first one out; null when there is none. */
  take(): Item | null;
  /** Takes out those that have waited since this moment or longer, on the clock of the line. */
  takeSince(sinceMs: number): Item[];
}

/** Opens an empty line. */
export function createLine<Item>(nowMs: () => number): Line<Item> {
  const parts = PRIORITIES.map(() => ({ items: [] as { readonly item: Item; readonly sinceMs: number }[], at: 0 }));
  type Part = (typeof parts)[number];
  const step = (part: Part): Item => {
    const { item } = part.items[part.at++]!;
    // What was taken is let go of with the last one: a line is short, and to move the others up for each is not.
    if (part.at === part.items.length) [part.items, part.at] = [[], 0];
    return item;
  };
  return {
    add: (priority, item) => parts[priority]!.items.push({ item, sinceMs: nowMs() }),
    take: () => {
      const part = parts.find(({ items, at }) => at < items.length);
      return part === undefined ? null : step(part);
    },
    takeSince: (sinceMs) => {
      const late: Item[] = [];
      for (const part of parts)
        while (part.at < part.items.length && part.items[part.at]!.sinceMs <= sinceMs) late.push(step(part));
      return late;
    },
  };
}
