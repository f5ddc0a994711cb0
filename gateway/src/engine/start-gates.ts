import { BREAKER_STATES } from "../domain/breaker.ts";
import type { Destination } from "../domain/catalog.ts";
import { GATE_REASONS, needsSlowGate } from "../domain/gate.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { Claimed } from "../pipeline/claim.ts";
import type { Attempt } from "../pipeline/deliver.ts";
import type { PresentRanks } from "../pipeline/feed.ts";
import type { Settlement } from "../pipeline/settle.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import { forgetHealth } from "../store/gates/health.ts";
import { createApart } from "./caretakers/apart.ts";
import { disableFailing } from "./caretakers/disabler.ts";
import { startFeeder } from "./caretakers/feeder.ts";
import { gateSlow, keepGates } from "./caretakers/gatekeeper.ts";
import { startMover } from "./caretakers/mover.ts";
import { createHealth } from "./health.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";
import type { Worker } from "./worker.ts";

export interface GatesDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The database's time as this process knows it. */
  readonly databaseNow: () => Date;
  readonly catalog: () => CatalogIndex;
  readonly refreshCatalog: () => Promise<unknown>;
  readonly ranks: PresentRanks;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly worker: Pick<Worker, "wake" | "findSlow">;
}

/** What keeps destinations from hurting each other: the feeder of their gates, and what opens and closes these. */
export interface Gates {
  /** Takes note of how a lease ended; the same values as observe() of the worker gets. */
  observe(
    claimed: Claimed,
    attempt: Attempt | null,
    settlement: Settlement | null,
    destination: Destination | null,
  ): void;
  /** Something new waits at a destination's gate, or for its turn. */
  hint(destinationId: string, orderKey: string | null): void;
  /** Looks at all gates, because another process may have changed something. */
  look(): void;
  stop(): Promise<void>;
}

const HEALTH_MS = 1_000;
const SLOW_MS = 250;
const DISABLE_MS = 60_000;
/** What the API shows goes back 24 hours. */
const HEALTH_KEPT_MS = 25 * 3_600_000;
const FORGET_BATCH = 5_000;

/** Starts the feeder and the caretakers of gates. */
export function startGates(deps: GatesDeps): Gates {
  const health = createHealth(deps);
  const feeder = startFeeder({ ...deps, onReady: () => deps.worker.wake() });
  const mover = startMover(deps);
  const moves = createApart(deps, { text: "a gate could not be judged; it is tried again later", isCostly: false });
  const notices = createApart(deps, {
    text: "a failing destination could not be given notice of; it is tried again later",
    isCostly: false,
  });
  let unjudged: readonly string[] = [];
  const loops: Loop[] = [
    mover.loop,
    startLoop({ name: "gatekeeper", log: deps.log, idleMs: HEALTH_MS }, async () => {
      // Until they are judged: what one flush has told no other tells again.
      unjudged = [...new Set([...unjudged, ...(await health.flush())])];
      if (unjudged.length > 0 || hasRestless(deps)) unjudged = await keepGates({ ...deps, moves }, unjudged);
      showGates(deps);
      return false;
    }),
    startLoop({ name: "slowness", log: deps.log, idleMs: SLOW_MS }, () => findSlow(deps)),
    startLoop({ name: "disabler", log: deps.log, idleMs: DISABLE_MS }, async () => {
      await disableFailing({ ...deps, notices });
      const before = new Date(deps.databaseNow().getTime() - HEALTH_KEPT_MS).toISOString();
      return ((await deps.db.run(forgetHealth, [before, FORGET_BATCH])).rowCount ?? 0) === FORGET_BATCH;
    }),
  ];
  return {
    observe: ({ delivery }, attempt, settlement, destination) => {
      if (attempt !== null && destination !== null) health.note(destination, attempt);
      if (settlement?.decision.to === "held") mover.hint();
      if (delivery.permit || delivery.orderKey !== null) feeder.hint(delivery.destinationId, delivery.orderKey);
    },
    hint: feeder.hint,
    look: feeder.look,
    stop: async () => {
      await Promise.all([feeder.stop(), ...loops.map((loop) => loop.stop())]);
      // What was counted last would be lost; without the database it is.
      await health.flush().catch(() => {});
    },
  };
}

function hasRestless(deps: GatesDeps): boolean {
  return deps.catalog().catalog.destinations.some(({ gate }) => gate !== null && gate.reason !== "limit");
}

async function findSlow(deps: GatesDeps): Promise<boolean> {
  const slow = deps.worker.findSlow((id, share) => {
    const destination = deps.catalog().findDestination(id);
    return destination !== null && needsSlowGate(destination.policy, destination.gate, share);
  });
  if (slow !== null) await gateSlow(deps, slow.destinationId, slow.share);
  return slow !== null;
}

// A breaker keeps its state while its destination is paused or disabled: nothing is tried that could close it.
function showGates({ catalog, metrics }: GatesDeps): void {
  const active = catalog().catalog.destinations.filter(({ state }) => state === "active");
  const gates = active.flatMap(({ gate }) => (gate === null ? [] : [gate]));
  const open = active.length - gates.length;
  for (const reason of GATE_REASONS)
    metrics.destinationGates.set({ reason }, gates.filter((gate) => gate.reason === reason).length);
  for (const state of BREAKER_STATES) {
    const count = gates.filter((gate) => gate.breaker === state).length;
    metrics.breakerStates.set({ state }, state === "closed" ? count + open : count);
  }
}
