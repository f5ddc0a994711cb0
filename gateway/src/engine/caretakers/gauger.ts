import { UNFINISHED_STATES } from "../../domain/delivery.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";
import { countByState, findOldestReady } from "../../store/deliveries/measure-queue.ts";
import type { DatabaseClock } from "../database-clock.ts";

/** What stands in the queue: depth per state, and the age of the oldest ready delivery per priority, in milliseconds. */
export interface QueueGauge {
  readonly depth: Readonly<Record<string, number>>;
  readonly oldestReadyMs: Readonly<Record<string, number>>;
}

/** Measures the queue and shows it in the metrics. */
export async function gauge(deps: {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly metrics: Metrics;
}): Promise<QueueGauge> {
  const counts = (await deps.db.run(countByState, [])).rows;
  const oldest = (await deps.db.run(findOldestReady, [])).rows;
  const nowMs = deps.databaseClock.now().getTime();
  const depth = Object.fromEntries(
    UNFINISHED_STATES.map((state) => [state, counts.find((row) => row.state === state)?.count ?? 0]),
  );
  const oldestReadyMs = Object.fromEntries(
    PRIORITIES.map((priority, i) => {
      const row = oldest.find((found) => found.priority === i);
      return [priority, row === undefined ? 0 : Math.max(0, Math.round(nowMs - row.rank))];
    }),
  );
  for (const [state, count] of Object.entries(depth)) deps.metrics.queueDepth.set({ state }, count);
  for (const [priority, ageMs] of Object.entries(oldestReadyMs))
    deps.metrics.queueOldestSeconds.set({ priority }, ageMs / 1_000);
  return { depth, oldestReadyMs };
}
