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
import { createDoubtfulClaims } from "./doubtful-claims.ts";
import { startLoop } from "./loop.ts";
import type { Slot } from "./slots.ts";
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
  /** There may be something ready. */
  wake(): void;
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

/**
 * Under load slots fall free one by one; a claim for each would cost more than what it claims. Fewer than this part of the
 * slots are claimed at most once in this time.
 */
const FEW_PART = 4;
const GATHER_MS = 5;

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

interface Gathering {
  /** Whether to claim now; if not, `wake` is called when the time has come. */
  mayClaim(nowMs: number, areFew: boolean): boolean;
  stop(): void;
}

function createGathering(wake: () => void): Gathering {
  let claimedMs = -Infinity;
  let timer: NodeJS.Timeout | null = null;
  const wakeLater = (): void => {
    timer = null;
    wake();
  };
  return {
    mayClaim: (nowMs, areFew) => {
      if (areFew && nowMs - claimedMs < GATHER_MS) {
        timer ??= setTimeout(wakeLater, GATHER_MS);
        return false;
      }
      claimedMs = nowMs;
      return true;
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

async function claimTimed(
  deps: Parameters<typeof claim>[0],
  free: number,
  metrics: Metrics,
): Promise<LeasedDelivery[]> {
  const askedMs = deps.clock.monotonicMs();
  const batch = await claim(deps, free);
  metrics.claimSeconds.observe((deps.clock.monotonicMs() - askedMs) / 1_000);
  if (batch.length > 0) metrics.claimSize.observe(batch.length);
  return batch;
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
      // Not settled, so its lease expires and it is rescued.
      .catch((error: unknown) =>
        options.log.error(
          { delivery: claimed.delivery.id, error: messageOf(error) },
          "an attempt could not be settled",
        ),
      )
      .finally(() => finish(slot));
  };
  // Their events were not read, so they are ready again and have cost no attempt.
  const returnStranded = async (isLast: boolean): Promise<void> =>
    (await doubts.find(isLast)).forEach((one) =>
      start({ delivery: one, event: "unread" }, slots.take(one.destinationId)),
    );
  const loop = startLoop({ name: "worker", log: options.log, idleMs: options.pollMs }, async () => {
    await returnStranded(false);
    const { size, sizeMax } = room();
    const free = slots.free(size, sizeMax);
    if (free === 0) return false;
    if (!gathering.mayClaim(deps.clock.monotonicMs(), free < size / FEW_PART)) return false;
    const batch = await claimTimed({ ...deps, onDoubt: doubts.note }, free, options.metrics);
    const taken = batch.map((delivery) => slots.take(delivery.destinationId));
    // Not waited for: the next claim is sent while these events are read (a third of the loop's time, measured).
    if (batch.length > 0)
      void readEvents(deps, batch).then((claimed) => claimed.forEach((one, i) => start(one, taken[i]!)));
    return batch.length === free;
  });
  const gathering = createGathering(() => loop.wake());
  return {
    wake: () => loop.wake(),
    inFlight: () => slots.inUse(),
    findSlow: (isMeant) => {
      const { size } = room();
      const destinationId = slots.findSlow(size, isMeant);
      return destinationId === null ? null : { destinationId, share: Math.max(1, Math.floor(size / SLOW_SHARE)) };
    },
    drain: async () => {
      state.draining = true;
      await loop.stop();
      gathering.stop();
      await returnStranded(true).catch(() => {});
      if (slots.inUse() > 0) await new Promise<void>((resolve) => state.onEmpty.push(resolve));
    },
  };
}
