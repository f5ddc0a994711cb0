import { HISTORY_SEC } from "../domain/connector.ts";
import type { Reconciliation, RunState } from "../domain/reconciliation.ts";
import { RECONCILIATION_RUNBOOK, backOffMs, oldestComparable } from "../domain/reconciliation.ts";
import type { ReadySource } from "../pipeline/arrival.ts";
import { toColumnText } from "../pipeline/arrival.ts";
import type { FilterFaultObserver } from "../pipeline/draft-event.ts";
import type { EventDraft, Recorded } from "../pipeline/record-event.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database, Transaction } from "../store/database.ts";
import { isConnectionLost } from "../store/database.ts";
import { carryForgotten, countLeft } from "../store/reconciliations/entries.ts";
import type { RunRow } from "../store/reconciliations/runs.ts";
import { findLastCompleted, holdRun, moveRun, pruneRuns } from "../store/reconciliations/runs.ts";
import { closeRun } from "./close-run.ts";
import type { Connector, ConnectorFault } from "./connectors/connector.ts";
import { faultOf, faultOfError } from "./connectors/provider-line.ts";

/** What the steps of a run work with. */
export interface ReconcileDeps {
  readonly db: Database;
  /** The database's time, by which leases and waits go: whoever takes the run next may have another wall clock. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  readonly metrics: Pick<Metrics, "reconciliationRuns" | "reconciliationRecovered">;
  /** Records one event by the same path as an arrival; answers after COMMIT, or says why not. */
  readonly record: (draft: EventDraft) => Promise<RecordedOne>;
  /** Told of each filter that could not be worked out for an event that is recorded from a log, as for one that arrives. */
  readonly onFilterFault?: FilterFaultObserver;
}

/** What became of recording one event. */
export type RecordedOne =
  | { readonly ok: true; readonly value: Recorded }
  | { readonly ok: false; readonly cause: string };

/** A run under our lease, with everything that it is about. */
export interface HeldRun {
  readonly lease: string;
  readonly setup: Reconciliation;
  readonly ready: ReadySource;
  /** The way to the provider's log, once it is open. */
  connector: Connector;
  /** As it was last written. */
  run: RunRow;
}

/**
 * What a step came to: there is more to do at once; nothing before the run's `due_at`; somebody else holds the lease, so that
 * it is read again; or the run has ended.
 */
export type Stepped = "more" | "waiting" | "lost" | "ended";

/** Longer than one call to a provider and one record together. */
export const LEASE_MS = 90_000;
/** No lease ends later than so long from now, unless it was written while the clock that it went by was ahead. */
export const FAR_MS = 600_000;
const DEADLINE_MS = 10_000;
export const FINISH_DEADLINE_MS = 60_000;
/** With waits of up to five minutes that is several hours of a provider's outage. */
const FAILURES_MAX = 100;

/**
 * Writes under the lease, in one transaction that also prolongs it. False when it is not ours any more.
 *
 * @throws what kept it from being written
 */
export async function writeHeld(
  deps: ReconcileDeps,
  held: HeldRun,
  work: (tx: Transaction) => Promise<void>,
  deadlineMs = DEADLINE_MS,
): Promise<boolean> {
  const until = new Date(deps.databaseNow().getTime() + LEASE_MS);
  let thrown: unknown = null;
  const done = await deps.db.transaction(async (tx) => {
    // First of all, so that whoever lost the lease writes nothing; the row stays locked until COMMIT.
    const isOurs = (await tx.run(holdRun, [held.run.id, held.lease, until])).rowCount === 1;
    if (isOurs)
      await work(tx).catch((error: unknown) => {
        thrown = error;
        throw error;
      });
    return isOurs;
  }, deadlineMs);
  if (done.ok) return done.value;
  deps.log.warn({ runId: held.run.id, error: done.message }, "a step of a reconciliation was not written");
  throw thrown ?? Object.assign(new Error(done.message), { code: done.code });
}

type Moves = Partial<
  Pick<RunRow, "state" | "cursor" | "compared_to" | "page_items" | "pages" | "failures" | "due_at" | "detail">
>;

/** Where the run stands after a step; the caller has the lease for this transaction. */
export async function move(tx: Transaction, held: HeldRun, moves: Moves): Promise<void> {
  const run = { ...held.run, ...moves };
  const place = [
    run.state,
    run.cursor,
    run.compared_to,
    run.page_items,
    run.pages,
    run.failures,
    run.due_at,
    run.detail,
  ];
  await tx.run(moveRun, [run.id, held.lease, ...place]);
}

/** Moves a run by itself. */
export async function moveHeld(deps: ReconcileDeps, held: HeldRun, moves: Moves): Promise<boolean> {
  const isWritten = await writeHeld(deps, held, (tx) => move(tx, held, moves));
  if (isWritten) held.run = { ...held.run, ...moves };
  return isWritten;
}

/** What a fault of the provider's API means for the run: a wait that grows, a smaller page, or its end. */
export async function passFault(deps: ReconcileDeps, held: HeldRun, fault: ConnectorFault): Promise<Stepped> {
  const { run, setup } = held;
  const failures = run.failures + 1;
  if (fault.cause === "too_large" && run.page_items > 1) {
    const page_items = Math.max(1, Math.floor(run.page_items / 2));
    return (await moveHeld(deps, held, { page_items, detail: fault.detail })) ? "more" : "lost";
  }
  const passes = ["limited", "unreachable", "unavailable", "malformed"].includes(fault.cause);
  if (!passes || failures > FAILURES_MAX) return await finish(deps, held, "failed", fault.detail);
  const chance = deps.random(1)[0]! / 256;
  const waitMs = fault.retryAfterMs ?? backOffMs(failures, chance);
  const due_at = new Date(deps.databaseNow().getTime() + waitMs);
  deps.log.info({ reconciliation: setup.name, runId: run.id, waitMs, detail: fault.detail }, "a reconciliation waits");
  return (await moveHeld(deps, held, { failures, due_at, detail: fault.detail })) ? "waiting" : "lost";
}

/**
 * Counts against a run what one of its steps threw, or what kept it from being written: the next try would come to the same, and the
 * run that is due longest is always taken first.
 *
 * @throws the error itself when our own database was lost: no run is to blame for that
 */
export async function passThrown(deps: ReconcileDeps, held: HeldRun, error: unknown): Promise<Stepped> {
  return await passFault(deps, held, faultOfThrown(error));
}

/** @throws the error itself when our own database was lost */
function faultOfThrown(error: unknown): ConnectorFault {
  if (!isConnectionLost(error))
    return faultOf("malformed", toColumnText(`our database refused what a step wrote: ${messageOf(error)}`, 500));
  // The driver throws plain errors, with the system's code or without one; these come of what was read.
  if (!(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)) throw error;
  return faultOfError(error);
}

/** Ends a run with its sums, and raises the alarm when something stays unexplained, or was never compared. */
export async function finish(
  deps: ReconcileDeps,
  held: HeldRun,
  state: Extract<RunState, "completed" | "failed">,
  detail: string | null,
): Promise<Stepped> {
  const { run, setup, ready } = held;
  let unexplained = 0;
  let gaps: Awaited<ReturnType<typeof findGaps>> = [];
  const isWritten = await writeHeld(
    deps,
    held,
    async (tx) => {
      gaps = state === "completed" ? await findGaps(tx, run, setup) : [];
      const told = gaps.length > 0 ? gaps.map((gap) => gap.detail).join("; ") : detail;
      const end = { id: run.id, lease: held.lease, state, detail: told, now: deps.databaseNow() };
      if (state === "completed" && !run.continues && run.carries) await tx.run(carryForgotten, [run.id, setup.id]);
      ({ unexplained } = await closeRun(tx, end));
      await tx.run(pruneRuns, [setup.id, end.now]);
    },
    FINISH_DEADLINE_MS,
  );
  if (!isWritten) return "lost";
  const source = ready.source.name;
  deps.metrics.reconciliationRuns.inc({ source, result: state });
  const fields = { reconciliation: setup.name, source, runId: run.id, runbook: RECONCILIATION_RUNBOOK };
  if (state === "failed") deps.log.error({ ...fields, detail }, "a reconciliation failed");
  for (const gap of gaps) deps.log.error({ ...fields, detail: gap.detail }, gap.said);
  if (state === "completed") {
    if (unexplained > 0)
      deps.log.error({ ...fields, unexplained }, "the provider's log has events that could not be recovered");
    else deps.log.info(fields, "a reconciliation is complete: nothing is unexplained");
  }
  return "ended";
}

/** What this run should have gone on from, or taken over, and could not reach, nor will another: how the log says it, and what exactly. */
async function findGaps(
  tx: Transaction,
  run: RunRow,
  { connector }: Reconciliation,
): Promise<{ readonly said: string; readonly detail: string }[]> {
  const gaps = [];
  const asked = [run.reconciliation_id, run.started_at];
  const last = run.continues ? (await tx.run(findLastCompleted, asked)).rows[0] : undefined;
  if (last !== undefined && last.window_to < run.window_from) {
    const span = `from ${last.window_to.toISOString()} to ${run.window_from.toISOString()}`;
    const detail = `nothing was compared ${span}: ${tellLimit(run, connector)}`;
    gaps.push({ said: "a reconciliation has left a time out", detail });
  }
  const isTaker = run.continues || run.carries;
  const left = isTaker ? ((await tx.run(countLeft, [run.id, run.reconciliation_id])).rows[0]?.count ?? 0) : 0;
  if (left > 0) {
    const what = left === 1 ? "missing event is" : "missing events are";
    const detail = `${left} ${what} looked for no longer: the provider's log or the ledger of keys does not go back so far`;
    gaps.push({ said: "a reconciliation has given up what is missing", detail });
  }
  return gaps;
}

function tellLimit(run: RunRow, connector: Reconciliation["connector"]): string {
  // Of what it was limited by when it started: more keys may have been forgotten since. A second of grace, as for a wished window.
  const byLog = oldestComparable(run.started_at, HISTORY_SEC[connector.kind], null).at;
  return run.window_from.getTime() > byLog.getTime() + 1_000
    ? "the ledger of keys does not go back so far (retention.dedupeDays)"
    : "the provider's log is not known to go back so far";
}
