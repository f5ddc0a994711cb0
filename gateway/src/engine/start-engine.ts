import type { Destination } from "../domain/catalog.ts";
import { heldReasonOf } from "../domain/gate.ts";
import type { Handler } from "../domain/handler.ts";
import type { Settlement } from "../pipeline/settle.ts";
import type { Clock } from "../platform/clock.ts";
import type { Egress } from "../platform/egress/egress-outcome.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import type { Gone } from "./caretakers/disabler.ts";
import { createGoneDisabler } from "./caretakers/disabler.ts";
import { release } from "./caretakers/releaser.ts";
import type { RescuerDeps } from "./caretakers/rescuer.ts";
import { createRescuer, rescueExpired } from "./caretakers/rescuer.ts";
import { stageBatch } from "./caretakers/stager.ts";
import type { CatalogWatch } from "./catalog-watch.ts";
import { createClaimFloors } from "./claim-floors.ts";
import type { SteadyClock } from "./database-clock.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";
import { observeAttempt } from "./observe-attempt.ts";
import type { RecentEvents } from "./recent-events.ts";
import { createRest } from "../platform/rest.ts";
import { createSettler } from "./settler.ts";
import { startGates } from "./start-gates.ts";
import type { VirtualTime } from "./virtual-time.ts";
import type { Worker } from "./worker.ts";
import { startWorker } from "./worker.ts";

export interface EngineDeps {
  readonly db: Database;
  /** For settling alone: pipelined, with {@link SETTLE_LANES} connections. */
  readonly settleDb: Database;
  /** For handlers alone, which hold a connection for as long as they run. */
  readonly handlerDb: Database;
  readonly clock: Clock;
  readonly databaseClock: SteadyClock;
  readonly catalog: CatalogWatch;
  readonly egress: Egress;
  readonly random: (bytes: number) => Uint8Array;
  /** What this process has just recorded. */
  readonly recent: Pick<RecentEvents, "take">;
  readonly ranks: Pick<VirtualTime, "next" | "claimed" | "virtualTime">;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** This process's name in attempts. */
  readonly worker: string;
}

export interface EngineOptions {
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /** No other worker can be alive (the data folder is ours alone), so every lease is a dead one's. */
  readonly isOnlyWorker: boolean;
}

export interface Engine {
  /** There may be something ready; so many of them stand at the head, for their lanes had nothing waiting. */
  wake(quiet?: number): void;
  /** Another process may have made something ready, or let something wait at a gate. */
  look(): void;
  /** A new delivery waits at the gate of this destination, or for the turn of its order key. */
  hint(destinationId: string, orderKey: string | null): void;
  /** Claims nothing more, lets attempts end for `attemptsMs`, aborts the rest, and settles all of them within `settleMs`. */
  drain(attemptsMs: number, settleMs: number): Promise<void>;
}

const STAGE_MS = 250;
const RESCUE_MS = 5_000;
const RELEASE_MS = 2_000;

/** Starts the worker and the caretakers of deliveries. */
export async function startEngine(deps: EngineDeps, options: EngineOptions): Promise<Engine> {
  const aborter = new AbortController();
  const settler = createSettler({ ...deps, db: deps.settleDb, leaseMs: options.leaseMs });
  const catalog = () => deps.catalog.index();
  const databaseNow = () => deps.databaseClock.now();
  const refreshCatalog = () => deps.catalog.refresh();
  const own = { ...deps, catalog, databaseNow, refreshCatalog };
  const disableGone = createGoneDisabler(own);
  const rescuerDeps = { ...deps, catalog, leaseMs: options.leaseMs, onReady: () => worker.wake() };
  if (options.isOnlyWorker) await takeOver(deps, { ...rescuerDeps, onReady: () => {} });
  const worker: Worker = startWorker(
    {
      ...own,
      syncTime: () => deps.databaseClock.catchUp(),
      settle: (settlement, destination) => settle({ settler, disableGone }, settlement, destination?.target ?? null),
      observe: (...seen) => {
        observeAttempt(deps, ...seen);
        gates.observe(...seen);
      },
      ...createClaimFloors(deps),
      signal: aborter.signal,
      leaseMs: options.leaseMs,
    },
    { ...options, log: deps.log, metrics: deps.metrics },
  );
  const gates = startGates({ ...own, worker });
  const caretakers = startCaretakers(deps, rescuerDeps, options.leaseMs);
  return {
    wake: (quiet) => worker.wake(quiet),
    hint: gates.hint,
    look: () => {
      worker.wake();
      gates.look();
    },
    drain: async (attemptsMs, settleMs) => {
      const stopped = caretakers.map((loop) => loop.stop());
      const timer = setTimeout(() => aborter.abort(), attemptsMs);
      // Without the database nothing can be settled; the leases then run out, and another worker takes over.
      const giveUp = setTimeout(() => void settler.drain(0), attemptsMs + settleMs);
      await worker.drain();
      clearTimeout(timer);
      clearTimeout(giveUp);
      await settler.drain(0);
      await Promise.all([...stopped, gates.stop()]);
    },
  };
}

/** Starts what looks after deliveries beside the worker. */
function startCaretakers(deps: EngineDeps, rescuerDeps: RescuerDeps, leaseMs: number): Loop[] {
  const { onReady } = rescuerDeps;
  const rescueRound = createRescuer({ ...rescuerDeps, clock: deps.clock });
  const why = (id: string): string | null => whyHeld(deps.catalog.index().findDestination(id));
  return [
    caretaker(deps, "stager", STAGE_MS, () => stageBatch({ ...deps, onReady, heldReasonOf: why })),
    caretaker(deps, "rescuer", Math.min(RESCUE_MS, leaseMs / 3), async () => {
      const rescued = await rescueRound(deps.databaseClock.now());
      if (rescued > 0) deps.log.warn({ rescued }, "deliveries taken back from a worker that did not report");
      return false;
    }),
    caretaker(deps, "releaser", RELEASE_MS, async () => {
      const { destinations } = deps.catalog.current();
      return (await release({ ...deps, destinations, onReady })) > 0;
    }),
  ];
}

// What keeps an order has its turn when it is retried.
function whyHeld(destination: Destination | null): string | null {
  return destination === null ? null : heldReasonOf(destination, null);
}

// What a held snapshot keeps of the queue each of them passes as well, and none is on the way of a fresh event.
function caretaker(deps: EngineDeps, name: string, everyMs: number, step: () => Promise<boolean>): Loop {
  const rest = createRest(deps.clock);
  const idleMs = (): number => Math.max(everyMs, rest.leftMs());
  return startLoop({ name, log: deps.log, idleMs }, () => rest.during(step));
}

async function settle(
  {
    settler,
    disableGone,
  }: { readonly settler: ReturnType<typeof createSettler>; readonly disableGone: (gone: Gone) => Promise<void> },
  settlement: Settlement,
  target: Destination["target"] | null,
) {
  const result = await settler.submit(settlement);
  if (!result.ok) return null;
  const { decision, delivery } = settlement;
  if (result.value === "settled" && decision.to === "dead" && decision.disableDestination && target?.kind === "http")
    await disableGone({ id: delivery.destinationId, url: target.url });
  return result.value;
}

// Whenever they end: a lease of a time when the database's clock was ahead may end months from now.
async function takeOver(deps: EngineDeps, rescuerDeps: RescuerDeps): Promise<void> {
  try {
    const rescued = await rescueExpired(rescuerDeps, deps.databaseClock.now(), {});
    if (rescued > 0) deps.log.info({ rescued }, "deliveries taken over from the process that ran here before");
  } catch (error) {
    const words = "what the process before left behind could not be taken over; it follows when its leases end";
    deps.log.warn({ error: messageOf(error) }, words);
  }
}
