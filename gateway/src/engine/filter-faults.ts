import type { FilterFaultObserver } from "../pipeline/draft-event.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { addRouteFaults } from "../store/catalog/route-faults.ts";
import type { Queryable } from "../store/statement.ts";
import { startLoop } from "./loop.ts";

/** Counts events that a route's filter could not be worked out for, and shows them: metric, log, and on the route. */
export interface FilterFaults {
  readonly note: FilterFaultObserver;
  /** Writes what is left, and stops. */
  drain(): Promise<void>;
}

interface Count {
  readonly routeId: string;
  faults: number;
  lastFault: string;
  readonly firstMs: number;
  lastMs: number;
}

const FLUSH_MS = 2_000;
/** A line for each route so often: a filter that faults does so for every event. */
const LOG_MS = 60_000;

export function createFilterFaults(deps: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "routeFilterFaults">;
  readonly log: Log;
}): FilterFaults {
  let counts = new Map<string, Count>();
  const loggedMs = new Map<string, number>();
  const flush = async (): Promise<boolean> => {
    if (counts.size === 0) return false;
    const written = counts;
    counts = new Map();
    try {
      await deps.db.run(addRouteFaults, toColumns([...written.values()]));
    } catch (error) {
      for (const count of written.values()) merge(counts, count);
      throw error;
    }
    return false;
  };
  const loop = startLoop({ name: "filter faults", log: deps.log, idleMs: FLUSH_MS }, flush);
  return {
    note: ({ id: routeId, name: route }, fault) => {
      deps.metrics.routeFilterFaults.inc({ route });
      const ms = deps.clock.now().getTime();
      merge(counts, { routeId, faults: 1, lastFault: fault, firstMs: ms, lastMs: ms });
      const nowMs = deps.clock.monotonicMs();
      if (nowMs - (loggedMs.get(routeId) ?? -Infinity) < LOG_MS) return;
      loggedMs.set(routeId, nowMs);
      deps.log.warn(
        { route, fault },
        "a route's filter could not be worked out for an event, which it therefore left out",
      );
    },
    drain: async () => {
      await loop.stop();
      await flush().catch(() => {});
    },
  };
}

// Routes come from the catalog, which is bounded; so is this.
function merge(counts: Map<string, Count>, more: Count): void {
  const known = counts.get(more.routeId);
  if (known === undefined) {
    counts.set(more.routeId, more);
    return;
  }
  known.faults += more.faults;
  if (more.lastMs >= known.lastMs) known.lastFault = more.lastFault;
  known.lastMs = Math.max(known.lastMs, more.lastMs);
}

function toColumns(counts: readonly Count[]): unknown[] {
  return [
    counts.map(({ routeId }) => routeId),
    counts.map(({ faults }) => faults),
    counts.map(({ lastFault }) => lastFault.toWellFormed().replaceAll("\u0000", "\uFFFD")),
    counts.map(({ firstMs }) => new Date(firstMs).toISOString()),
    counts.map(({ lastMs }) => new Date(lastMs).toISOString()),
  ];
}
