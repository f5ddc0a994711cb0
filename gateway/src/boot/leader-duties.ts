import type { GatewayConfig } from "../config.ts";
import { gauge } from "../engine/caretakers/gauger.ts";
import { prune } from "../engine/caretakers/prune.ts";
import { createLedgerKeeper } from "../engine/caretakers/turn-ledger.ts";
import { createSnapshotWatch } from "../engine/caretakers/watch-snapshots.ts";
import type { DatabaseClock } from "../engine/database-clock.ts";
import type { Leader } from "../engine/leader.ts";
import type { Loop } from "../engine/loop.ts";
import { startLoop } from "../engine/loop.ts";
import type { ProcessWatch } from "../engine/process-watch.ts";
import { NEEDED_ROLES, forgetProcesses } from "../engine/process-watch.ts";
import { retireEnded } from "../pipeline/change-secrets.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import { deleteOldAnswers } from "../store/access/kept-answers.ts";
import { deleteOldSessions } from "../store/access/sessions.ts";
import { deleteOldFlows } from "../store/access/sign-in-flows.ts";
import { forgetArrivalMinutes } from "../store/rates/arrival-minutes.ts";
import { ensurePartitions } from "../store/upkeep/ensure-partitions.ts";
import { readDaysAhead } from "../store/views/standing.ts";

export interface DutyDeps {
  readonly db: Database;
  readonly leader: Leader;
  readonly processes: ProcessWatch;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly metrics: Metrics;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
}

export const PARTITION_DAYS_AHEAD = 7;

const DAY_MS = 86_400_000;
const LOOK_MS = 1_000;
const PARTITION_MS = 3_600_000;
const AHEAD_MS = 60_000;
const RETIRE_MS = 5_000;
const GAUGE_MS = 5_000;
const PRUNE_MS = 600_000;
const LEDGER_MS = 5_000;
const SNAPSHOT_MS = 10_000;
const SWEEP_MS = 60_000;

/**
 * Starts the caretakers of which there is one for all processes. Each process has them; only the leader's do anything, and
 * a new leader's begin at once.
 *
 * @returns stops them, and waits for those that are under way
 */
export function startDuties(deps: DutyDeps, retention: GatewayConfig["retention"]): () => Promise<void> {
  const aborter = new AbortController();
  const own = { ...deps, signal: aborter.signal };
  const keeper = createLedgerKeeper(own, retention.dedupeDays);
  const watchSnapshots = createSnapshotWatch(deps);
  const nowMs = (): number => deps.databaseClock.now().getTime();
  // What is dropped does not come back: one clock that was set ahead, be it the database's or ours, makes nothing old.
  const surelyMs = (): number => Math.min(nowMs(), deps.clock.now().getTime());
  const loops = [
    duty(deps, "partitioner", PARTITION_MS, () => ensurePartitions(deps.db, nowMs(), PARTITION_DAYS_AHEAD), {
      // A suspend or a clock that is set can leave behind all the days that were made, and no time seems to have passed.
      occasion: () => Math.floor(nowMs() / DAY_MS),
    }),
    // Apart: it tells when the partitioner does not come through.
    duty(deps, "days ahead", AHEAD_MS, () => showDaysAhead(deps, new Date(nowMs())), {
      rest: () => deps.metrics.partitionsAhead.reset(),
    }),
    duty(deps, "retirer", RETIRE_MS, () => retire(deps)),
    duty(deps, "pruner", PRUNE_MS, () => prune(own, retention, surelyMs())),
    duty(deps, "ledger", LEDGER_MS, () => keeper.round(surelyMs())),
    duty(deps, "sweeper", SWEEP_MS, () => sweep(deps.db, surelyMs())),
    duty(deps, "gauger", GAUGE_MS, () => gauge(deps), { rest: () => clearQueueGauges(deps.metrics) }),
    duty(deps, "snapshots", SNAPSHOT_MS, watchSnapshots, { rest: () => clearSnapshotGauges(deps.metrics) }),
    startLoop({ name: "standing", log: deps.log, idleMs: LOOK_MS }, async () => {
      showLead(deps);
      return false;
    }),
  ];
  return async () => {
    aborter.abort();
    await Promise.all(loops.map((loop) => loop.stop()));
  };
}

/**
 * @param more.rest what a process does that does not lead, such as taking back what it showed while it did
 * @param more.occasion also due as soon as this is another one than at the last time
 */
function duty(
  { leader, clock, log }: DutyDeps,
  name: string,
  everyMs: number,
  step: () => Promise<unknown>,
  { rest = () => {}, occasion = () => 0 }: { readonly rest?: () => void; readonly occasion?: () => number } = {},
): Loop {
  let dueMs = 0;
  let last = 0;
  return startLoop({ name, log, idleMs: Math.min(everyMs, LOOK_MS) }, async () => {
    if (leader.current() === null) {
      dueMs = 0;
      rest();
      return false;
    }
    const now = occasion();
    if (clock.monotonicMs() >= dueMs || now !== last) {
      await step();
      dueMs = clock.monotonicMs() + everyMs;
      last = now;
    }
    return false;
  });
}

const RATES_KEPT_MS = 8 * DAY_MS;
const FORGOTTEN_MAX = 10_000;
const SESSIONS_KEPT_MS = 30 * DAY_MS;

async function sweep(db: Database, nowMs: number): Promise<void> {
  await forgetProcesses(db);
  await forgetRates(db, new Date(nowMs - RATES_KEPT_MS));
  await db.run(deleteOldSessions, [new Date(nowMs - SESSIONS_KEPT_MS)]);
  await db.run(deleteOldFlows, [new Date(nowMs)]);
  await db.run(deleteOldAnswers, [new Date(nowMs)]);
}

// What has gathered while nobody led goes bit by bit.
async function forgetRates(db: Database, before: Date): Promise<void> {
  while ((await db.run(forgetArrivalMinutes, [before, FORGOTTEN_MAX])).rowCount === FORGOTTEN_MAX);
}

async function retire(deps: DutyDeps): Promise<void> {
  const retired = await retireEnded({ db: deps.db, clock: deps.clock });
  if (retired > 0) deps.log.info({ retired }, "secret versions whose overlap has ended were retired");
}

async function showDaysAhead({ db, metrics }: DutyDeps, now: Date): Promise<void> {
  for (const [table, days] of await readDaysAhead(db, now)) metrics.partitionsAhead.set({ table }, days);
}

// What one process shows for all would be counted twice, or stand still for ever, if another went on showing it.
function clearQueueGauges({ queueDepth, queueOldestSeconds }: Metrics): void {
  queueDepth.reset();
  queueOldestSeconds.reset();
}

function clearSnapshotGauges({ oldestSnapshotSeconds, inactiveSlots, retentionNeeded }: Metrics): void {
  for (const gaugeOfLeader of [oldestSnapshotSeconds, inactiveSlots, retentionNeeded]) gaugeOfLeader.reset();
}

function showLead({ leader, processes, metrics }: DutyDeps): void {
  const leads = leader.current() !== null;
  metrics.leads.set(leads ? 1 : 0);
  metrics.liveProcesses.reset();
  if (!leads) return;
  // A series that is missing raises no alarm.
  for (const role of NEEDED_ROLES) metrics.liveProcesses.set({ role }, 0);
  for (const { roles } of processes.live()) for (const role of roles) metrics.liveProcesses.inc({ role });
}
