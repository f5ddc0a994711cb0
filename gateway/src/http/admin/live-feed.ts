import { lowestUuid, timeOf } from "../../domain/id.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { Database } from "../../store/database.ts";
import type { DeliveryStateRow, NewestEventRow } from "../../store/views/newest.ts";
import { listEventsFrom, listNewestStates } from "../../store/views/newest.ts";
import { readView } from "../../store/views/read-view.ts";

/** What a tenant's feed tells, in the order in which it was seen. */
export type LiveItem =
  | { readonly kind: "event"; readonly row: NewestEventRow }
  | { readonly kind: "delivery"; readonly row: DeliveryStateRow };

/** One look at the newest rows every half second, shared by all who listen for a tenant. */
export interface LiveFeed {
  /** How many listen, over all tenants. */
  readonly size: () => number;
  /** @returns ends it; the last one to leave ends the looks */
  follow(tenant: string, listener: (items: readonly LiveItem[]) => void): () => void;
}

const LOOK_MS = 500;
/**
 * Ids carry the time at which an event came, and a transaction that began earlier may commit later. So each look reads a stretch
 * again and leaves out what it has told: a cursor at the last id would miss late commits for ever.
 */
const OVERLAP_MS = 10_000;
/** Deliveries are followed for so long after their event came. */
const FOLLOWED_MS = 120_000;
const ROWS_MAX = 2_000;
const EVENTS_FOLLOWED_MAX = 500;

interface Feed {
  readonly listeners: Set<(items: readonly LiveItem[]) => void>;
  /** Events that were told, and the state in which each delivery was told last. */
  readonly told: Map<string, string>;
  isFirst: boolean;
}

/** Makes the feed; nothing is read while nobody listens. */
export function createLiveFeed(deps: { readonly db: Database; readonly clock: Clock; readonly log: Log }): LiveFeed {
  const feeds = new Map<string, Feed>();
  let timer: NodeJS.Timeout | null = null;
  const plan = (waitMs: number): void => {
    timer = setTimeout(() => void round(), waitMs);
    timer.unref();
  };
  const round = async (): Promise<void> => {
    for (const [tenant, feed] of feeds) {
      try {
        const items = await look(deps, tenant, feed);
        if (items.length > 0) for (const listener of feed.listeners) listener(items);
      } catch (error) {
        deps.log.debug({ error: messageOf(error) }, "a look for the live stream failed; the next one follows");
      }
    }
    timer = null;
    if (feeds.size > 0) plan(LOOK_MS);
  };
  return {
    size: () => [...feeds.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
    follow: (tenant, listener) => {
      const feed = feeds.get(tenant) ?? { listeners: new Set(), told: new Map(), isFirst: true };
      feeds.set(tenant, feed);
      feed.listeners.add(listener);
      if (timer === null && feeds.size === 1 && feed.listeners.size === 1) plan(0);
      return () => {
        feed.listeners.delete(listener);
        if (feed.listeners.size === 0 && feeds.get(tenant) === feed) feeds.delete(tenant);
      };
    },
  };
}

async function look(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  tenant: string,
  feed: Feed,
): Promise<LiveItem[]> {
  const nowMs = clock.now().getTime();
  const read = await readView(db, async (tx) => ({
    events: (await tx.run(listEventsFrom, [tenant, lowestUuid(nowMs - OVERLAP_MS), ROWS_MAX])).rows,
    states: (await tx.run(listNewestStates, [tenant, lowestUuid(nowMs - FOLLOWED_MS), EVENTS_FOLLOWED_MAX])).rows,
  }));
  if (!read.ok) return [];
  const items: LiveItem[] = [];
  for (const row of read.value.events) {
    if (feed.told.has(row.id)) continue;
    feed.told.set(row.id, "");
    items.push({ kind: "event", row });
  }
  for (const row of read.value.states) {
    const state = `${row.state} ${row.attempt}`;
    if (feed.told.get(row.id) === state) continue;
    feed.told.set(row.id, state);
    items.push({ kind: "delivery", row });
  }
  for (const id of feed.told.keys()) if (timeOf(id) < nowMs - 2 * FOLLOWED_MS) feed.told.delete(id);
  // What was there before anybody listened is history, not news.
  if (!feed.isFirst) return items;
  feed.isFirst = false;
  return [];
}
