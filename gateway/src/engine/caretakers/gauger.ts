import { UNFINISHED_STATES } from "../../domain/delivery.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";
import { countWaiting, estimateWaiting } from "../../store/deliveries/count-waiting.ts";
import { findOldestReady } from "../../store/deliveries/measure-queue.ts";
import type { DatabaseClock } from "../database-clock.ts";

/** What stands in the queue: depth per state, and the age of the oldest ready delivery per priority, in milliseconds. */
export interface QueueGauge {
  readonly depth: Readonly<Record<string, number>>;
  readonly oldestReadyMs: Readonly<Record<string, number>>;
}

/** Beyond it a state is counted by the server's own reckoning: a backlog of millions is not worth reading every few seconds. */
const COUNTED_MAX = 20_000;

/** Measures the queue; costs the same however long it is. */
export async function measureQueue(deps: {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
}): Promise<QueueGauge> {
  const depth = await measureDepth(deps.db);
  const oldest = (await deps.db.run(findOldestReady, [])).rows;
  const nowMs = deps.databaseClock.now().getTime();
  const oldestReadyMs = Object.fromEntries(
    PRIORITIES.map((priority, i) => {
      const row = oldest.find((found) => found.priority === i);
      return [priority, row === undefined ? 0 : Math.max(0, Math.round(nowMs - row.since))];
    }),
  );
  return { depth, oldestReadyMs };
}

async function measureDepth(db: Database): Promise<Record<string, number>> {
  const counts = (await db.run(countWaiting, [COUNTED_MAX])).rows;
  const countOf = (state: string): number => counts.find((row) => row.state === state)?.count ?? 0;
  const isLong = UNFINISHED_STATES.some((state) => countOf(state) >= COUNTED_MAX);
  const estimates = isLong ? (await db.run(estimateWaiting, [])).rows : [];
  return Object.fromEntries(
    UNFINISHED_STATES.map((state) => {
      const count = countOf(state);
      const estimate = estimates.find((row) => row.state === state)?.estimate ?? 0;
      return [state, count < COUNTED_MAX ? count : Math.max(count, Math.round(estimate))];
    }),
  );
}

/** Measures the queue and shows it in the metrics; one process does so for all. */
export async function gauge(deps: {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly metrics: Metrics;
}): Promise<QueueGauge> {
  const measured = await measureQueue(deps);
  for (const [state, count] of Object.entries(measured.depth)) deps.metrics.queueDepth.set({ state }, count);
  for (const [priority, ageMs] of Object.entries(measured.oldestReadyMs))
    deps.metrics.queueOldestSeconds.set({ priority }, ageMs / 1_000);
  return measured;
}
