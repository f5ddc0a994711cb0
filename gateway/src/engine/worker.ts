import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { Claimed } from "../pipeline/claim.ts";
import { claim, readEvents } from "../pipeline/claim.ts";
import type { WorkDeps } from "../pipeline/work.ts";
import { giveBack, work } from "../pipeline/work.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import { startLoop } from "./loop.ts";

export interface WorkerOptions {
  /** How many deliveries this process tries at once. */
  readonly concurrency: number;
  /** The look for work when nothing has woken it: correctness rests on this alone. */
  readonly pollMs: number;
  readonly log: Log;
}

export interface Worker {
  /** There may be something ready. */
  wake(): void;
  inFlight(): number;
  /** Claims nothing more; resolves when what was claimed has ended. */
  drain(): Promise<void>;
}

/** What the bodies of deliveries in flight may take: bodies of 1 MiB leave 64 slots and more, bodies of 25 MiB ten. */
const BODY_BYTES_IN_FLIGHT = 268_435_456;

function slotsFor({ catalog }: CatalogIndex, concurrency: number): number {
  const largest = Math.max(1, ...catalog.sources.map((source) => source.bodyBytesMax));
  return Math.max(1, Math.min(concurrency, Math.floor(BODY_BYTES_IN_FLIGHT / largest)));
}

/** Keeps its slots full: claims as many as are free, so nothing waits leased in memory behind something slow. */
export function startWorker(deps: WorkDeps, options: WorkerOptions): Worker {
  const state = { inFlight: 0, draining: false, onEmpty: [] as (() => void)[] };
  const finish = (): void => {
    state.inFlight--;
    if (state.inFlight === 0) for (const resolve of state.onEmpty.splice(0)) resolve();
    loop.wake();
  };
  const start = (claimed: Claimed): void => {
    // A claim that was under way when the drain began: nothing new is tried any more.
    (state.draining ? giveBack : work)(deps, claimed)
      // Not settled, so its lease expires and it is rescued.
      .catch((error: unknown) =>
        options.log.error(
          { delivery: claimed.delivery.id, error: messageOf(error) },
          "an attempt could not be settled",
        ),
      )
      .finally(finish);
  };
  const loop = startLoop({ name: "worker", log: options.log, idleMs: options.pollMs }, async () => {
    const free = slotsFor(deps.catalog(), options.concurrency) - state.inFlight;
    if (free <= 0) return false;
    const batch = await claim(deps, free);
    state.inFlight += batch.length;
    // Not waited for: the next claim is sent while these events are read (a third of the loop's time, measured).
    if (batch.length > 0) void readEvents(deps, batch).then((claimed) => claimed.forEach(start));
    return batch.length === free && free > 0;
  });
  return {
    wake: () => loop.wake(),
    inFlight: () => state.inFlight,
    drain: async () => {
      state.draining = true;
      await loop.stop();
      if (state.inFlight > 0) await new Promise<void>((resolve) => state.onEmpty.push(resolve));
    },
  };
}
