import type { Reconciliation } from "../domain/reconciliation.ts";
import { RECOVERY_WAYS } from "../domain/reconciliation.ts";
import { nextMoment } from "../platform/schedule.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import { endAheadWindows, findNewestEnd, listTellingRuns } from "../store/reconciliations/runs.ts";
import { loadSetups, moveNextDue } from "../store/reconciliations/setups.ts";
import type { StartDeps } from "./start-reconciliation.ts";
import { startReconciliation } from "./start-reconciliation.ts";

export interface ScheduleDeps extends StartDeps {
  readonly box: SecretsBox;
  readonly log: Pick<Log, "info" | "warn">;
  readonly metrics: Pick<
    Metrics,
    "reconciliationRuns" | "reconciliationRecovered" | "reconciliationUnexplained" | "reconciliationFailing"
  >;
  /** Reads the database's time again where it may not be known any more, and throws where that fails; else null. */
  readonly syncTime: () => Promise<void> | null;
  readonly findSourceName: (id: string) => string | null;
}

/**
 * Starts what the schedules ask for. Who moves a due time on starts its run; a run that is lost by a crash in between is made good by
 * the next one, whose window begins where the last completed one ended.
 *
 * @returns how many were started
 */
export async function startDue(deps: ScheduleDeps): Promise<number> {
  // By the time of before a sleep the windows of those who led meanwhile would end in the future.
  const syncing = deps.syncTime();
  if (syncing !== null) await syncing;
  let started = 0;
  const setups = (await loadSetups(deps.db, deps.box)).filter(({ state }) => state === "active");
  await showResults(deps, setups);
  for (const setup of setups) {
    showRuns(deps, setup);
    await deps.db.run(endAheadWindows, [setup.id, deps.databaseNow()]);
    if (setup.schedule === null) continue;
    const look = lookAt(setup.schedule, setup.nextDueAt, deps.databaseNow());
    if (look === null) continue;
    const moved = await deps.db.run(moveNextDue, [setup.id, setup.nextDueAt, look.next]);
    if (moved.rowCount !== 1 || !look.isDue) continue;
    const result = await startReconciliation(deps, setup, { cause: "scheduled", startedBy: "schedule", window: null });
    if (result.kind === "started") started++;
    else if (result.kind === "running")
      deps.log.info(
        { reconciliation: setup.name, runId: result.run.id },
        "a scheduled reconciliation waits for the one under way",
      );
    else
      deps.log.warn(
        { reconciliation: setup.name, error: result.kind === "refused" ? result.problem : result.message },
        "a scheduled reconciliation was not started",
      );
  }
  return started;
}

/** Readings of one clock by two processes differ by less. */
const APART_MS = 600_000;

/** Whether a run is due, and when the next one is; null where what is written down of that stands. */
function lookAt(schedule: string, dueAt: Date | null, now: Date): { isDue: boolean; next: Date | null } | null {
  const isDue = dueAt !== null && dueAt <= now;
  const latest = nextMoment(schedule, new Date(now.getTime() + APART_MS));
  // Later than the pattern's next moment is what was worked out by a clock that was ahead: nothing would run until that time.
  const isFar = dueAt !== null && latest !== null && dueAt > latest;
  return dueAt === null || isDue || isFar ? { isDue, next: nextMoment(schedule, now) } : null;
}

// Prometheus sees an increase only from a value that it has read before: the first failed run, or recovered event, would be none.
function showRuns({ findSourceName, metrics }: ScheduleDeps, { sourceId }: Reconciliation): void {
  const source = findSourceName(sourceId);
  if (source === null) return;
  metrics.reconciliationRuns.inc({ source, result: "failed" }, 0);
  for (const by of RECOVERY_WAYS) metrics.reconciliationRecovered.inc({ source, by }, 0);
}

// From the database, so that the alarm outlives the process that raised it. Anew each time: a source may have several setups, and one
// that is disabled or removed takes its part along.
async function showResults(deps: ScheduleDeps, setups: readonly Reconciliation[]): Promise<void> {
  const { db, findSourceName, metrics } = deps;
  const unexplained = new Map<string, number>();
  const failing = new Map<string, number>();
  for (const setup of setups) {
    const telling = (await db.run(listTellingRuns, [setup.id])).rows;
    const newest = (await db.run(findNewestEnd, [setup.id])).rows[0];
    const source = findSourceName(setup.sourceId);
    if (source === null) continue;
    const add = (sums: Map<string, number>, count: number) => sums.set(source, (sums.get(source) ?? 0) + count);
    if (newest === undefined) continue;
    add(
      unexplained,
      telling.reduce((sum, run) => sum + run.unexplained, 0),
    );
    add(failing, newest.state === "failed" ? 1 : 0);
  }
  // Without a wait in between, so that nobody reads half of it.
  hideResults(metrics);
  for (const [source, count] of unexplained) metrics.reconciliationUnexplained.set({ source }, count);
  for (const [source, count] of failing) metrics.reconciliationFailing.set({ source }, count);
}

/** What a process showed while it led would stand still for ever. */
export function hideResults(metrics: Pick<Metrics, "reconciliationUnexplained" | "reconciliationFailing">): void {
  metrics.reconciliationUnexplained.reset();
  metrics.reconciliationFailing.reset();
}
