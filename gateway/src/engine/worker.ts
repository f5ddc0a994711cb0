import { SLOW_SHARE } from "../domain/gate.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { Claimed } from "../pipeline/claim.ts";
import { claim, readEvents } from "../pipeline/claim.ts";
import type { LeasedDelivery } from "../pipeline/leased-delivery.ts";
import type { Settlement } from "../pipeline/settle.ts";
import type { WorkDeps } from "../pipeline/work.ts";
import { giveBack, work } from "../pipeline/work.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Look } from "./claim-pace.ts";
import { createClaimPace } from "./claim-pace.ts";
import { createDoubtfulClaims } from "./doubtful-claims.ts";
import { eachInBites } from "./in-bites.ts";
import { startLoop } from "./loop.ts";
import type { Slot, Slots } from "./slots.ts";
import { createSlots } from "./slots.ts";

export interface WorkerOptions {
  /** How many deliveries this process tries at once. */
  readonly concurrency: number;
  /** The look for work when nothing has woken it: correctness rests on this alone. */
  readonly pollMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Worker {
  /** There may be something ready; so many of them stand at the head, for their lanes had nothing waiting. */
  wake(quiet?: number): void;
  inFlight(): number;
  /** A destination whose old attempts fill a share of the slots, and that share; null when there is none. */
  findSlow(
    isMeant: (destinationId: string) => boolean,
  ): { readonly destinationId: string; readonly share: number } | null;
  /** Claims nothing more; resolves when what was claimed has ended. */
  drain(): Promise<void>;
}

/** What the bodies of deliveries in flight may take: bodies of 1 MiB leave 64 slots and more, bodies of 25 MiB ten. */
const BODY_BYTES_IN_FLIGHT = 268_435_456;

interface Room {
  readonly size: number;
  /** With those that hold no slot any more: old attempts, and outcomes that are being written. */
  readonly sizeMax: number;
}

/** Beside the slots, so many times as many attempts may be old, or ended and not yet settled. */
const OLD_TIMES = 4;

function roomFor({ catalog }: CatalogIndex, concurrency: number): Room {
  const largest = Math.max(1, ...catalog.sources.map((source) => source.bodyBytesMax));
  const bodies = Math.max(1, Math.floor(BODY_BYTES_IN_FLIGHT / largest));
  return { size: Math.min(concurrency, bodies), sizeMax: Math.min(concurrency * OLD_TIMES, bodies) };
}

interface Claims {
  /** Claims so many at most, and begins them when their events are read; tells how many there were. */
  some(count: number): Promise<number>;
  isUnderWay(): boolean;
  /** The slots as they are, with what is being claimed for them. */
  look(): Look;
}

function createClaims(
  deps: Parameters<typeof claim>[0],
  { slots, room, metrics }: { readonly slots: Slots; readonly room: () => Room; readonly metrics: Metrics },
  start: (claimed: Claimed, slot: Slot) => void,
): Claims {
  let underWay = 0;
  const take = async (count: number): Promise<{ batch: LeasedDelivery[]; taken: Slot[] }> => {
    underWay += count;
    try {
      const batch = await claim(deps, count);
      return { batch, taken: batch.map(({ destinationId }) => slots.take(destinationId)) };
    } finally {
      underWay -= count;
    }
  };
  return {
    some: async (count) => {
      const askedMs = deps.clock.monotonicMs();
      const { batch, taken } = await take(count);
      metrics.claimSeconds.observe((deps.clock.monotonicMs() - askedMs) / 1_000);
      if (batch.length === 0) return 0;
      metrics.claimSize.observe(batch.length);
      // Not waited for: the next claim is sent while these events are read (a third of the loop's time, measured).
      void readEvents(deps, batch).then((claimed) => eachInBites(claimed, (one, i) => start(one, taken[i]!)));
      return batch.length;
    },
    isUnderWay: () => underWay > 0,
    look: () => {
      const { size, sizeMax } = room();
      const free = Math.max(0, slots.free(size, sizeMax) - underWay);
      return { size, free, young: slots.young() + underWay };
    },
  };
}

// Not settled, so its lease expires and it is rescued.
function tellUnsettled(log: Log, { delivery }: Claimed, error: unknown): void {
  log.error({ delivery: delivery.id, error: messageOf(error) }, "an attempt could not be settled");
}

/** Keeps its slots full: claims as many as are free, so nothing waits leased in memory behind something slow. */
export function startWorker(deps: WorkDeps, options: WorkerOptions): Worker {
  const state = { draining: false, onEmpty: [] as (() => void)[] };
  const slots = createSlots(() => deps.clock.monotonicMs());
  const doubts = createDoubtfulClaims({ ...deps, log: options.log });
  const room = (): Room => roomFor(deps.catalog(), options.concurrency);
  const finish = (slot: Slot): void => {
    slots.leave(slot);
    if (slots.inUse() === 0) for (const resolve of state.onEmpty.splice(0)) resolve();
    loop.wake();
  };
  const start = (claimed: Claimed, slot: Slot): void => {
    // A claim that was under way when the drain began: nothing new is tried any more.
    const settle = (settlement: Settlement) => {
      slots.settle(slot);
      loop.wake();
      return deps.settle(settlement);
    };
    (state.draining ? giveBack : work)({ ...deps, settle }, claimed)
      .catch((error: unknown) => tellUnsettled(options.log, claimed, error))
      .finally(() => finish(slot));
  };
  // Their events were not read, so they are ready again and have cost no attempt.
  const returnStranded = async (isLast: boolean): Promise<void> =>
    (await doubts.find(isLast)).forEach((one) =>
      start({ delivery: one, event: "unread" }, slots.take(one.destinationId)),
    );
  const claims = createClaims({ ...deps, onDoubt: doubts.note }, { slots, room, metrics: options.metrics }, start);
  const loop = startLoop({ name: "worker", log: options.log, idleMs: options.pollMs }, async () => {
    await returnStranded(false);
    const count = pace.take(claims.look());
    if (count === 0) return false;
    const got = await claims.some(count);
    pace.note(got);
    return got === count;
  });
  const claimFew = async (few: number): Promise<void> => {
    const count = Math.min(few, claims.look().free);
    if (count > 0) pace.note(await claims.some(count));
  };
  const wake = (): void => loop.wake();
  const { isUnderWay: isClaiming } = claims;
  const pace = createClaimPace({ clock: deps.clock, log: options.log, wake, isClaiming, claimFew });
  return {
    wake: (quiet = 0) => {
      if (quiet > 0) pace.come(quiet);
      loop.wake();
    },
    inFlight: () => slots.inUse(),
    findSlow: (isMeant) => {
      const { size } = room();
      const destinationId = slots.findSlow(size, isMeant);
      return destinationId === null ? null : { destinationId, share: Math.max(1, Math.floor(size / SLOW_SHARE)) };
    },
    drain: async () => {
      state.draining = true;
      await loop.stop();
      await pace.stop();
      await returnStranded(true).catch(() => {});
      if (slots.inUse() > 0) await new Promise<void>((resolve) => state.onEmpty.push(resolve));
    },
  };
}
