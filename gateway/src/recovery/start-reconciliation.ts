import { HISTORY_SEC } from "../domain/connector.ts";
import { newUuid, uuidAfter } from "../domain/id.ts";
import type { LogWindow, Reconciliation } from "../domain/reconciliation.ts";
import { nextWindow, oldestComparable, oldestListed } from "../domain/reconciliation.ts";
import type { Database, Transaction } from "../store/database.ts";
import { findKeysSince } from "../store/events/find-keys-since.ts";
import { carryUnexplained } from "../store/reconciliations/entries.ts";
import type { RunRow } from "../store/reconciliations/runs.ts";
import {
  findLastCompleted,
  findNewestRun,
  findRun,
  findUnfinishedRun,
  insertRun,
} from "../store/reconciliations/runs.ts";
import { closeRun } from "./close-run.ts";

export interface StartDeps {
  readonly db: Database;
  /** The database's time: a window may end only when it is over for everybody. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
}

export type Started =
  | { readonly kind: "started"; readonly run: RunRow }
  /** One is under way already: who started it and since when stands in it. */
  | { readonly kind: "running"; readonly run: RunRow }
  | { readonly kind: "refused"; readonly problem: string; readonly path: "window" | "state" }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

const DEADLINE_MS = 5_000;
/** It copies what is unexplained, with its bytes: no run began any more where that took longer. By a request its pool allows less. */
const START_DEADLINE_MS = 60_000;
const PAGE_ITEMS = 100;

/**
 * Starts a run. Without a window of its own it goes on where the last one ended. Each looks again at what those before it could not
 * explain, whatever its window. One run of a reconciliation at a time.
 */
export async function startReconciliation(
  deps: StartDeps,
  setup: Reconciliation,
  wish: {
    readonly cause: RunRow["cause"];
    readonly startedBy: string;
    /** Null: where the last one ended. */
    readonly window: LogWindow | null;
  },
): Promise<Started> {
  if (setup.state !== "active") return { kind: "refused", path: "state", problem: `${setup.name} is ${setup.state}` };
  const done = await deps.db.transaction((tx) => start(deps, tx, setup, wish), START_DEADLINE_MS);
  return done.ok ? done.value : { kind: "failed", unknown: done.unknown, message: done.message };
}

async function start(
  deps: StartDeps,
  tx: Transaction,
  setup: Reconciliation,
  wish: Parameters<typeof startReconciliation>[2],
): Promise<Started> {
  const now = deps.databaseNow();
  const last = (await tx.run(findLastCompleted, [setup.id, now])).rows[0] ?? null;
  const keysSince = await findKeysSince(tx);
  const historySec = HISTORY_SEC[setup.connector.kind];
  const oldest = oldestComparable(now, historySec, keysSince);
  const window = wish.window ?? nextWindow(setup, last?.window_to ?? null, now, oldest.at);
  if (window === null)
    return { kind: "refused", path: "window", problem: "nothing of the log is old enough to be compared yet" };
  const fault = findWindowFault(window, now, oldest);
  if (fault !== null) return { kind: "refused", path: "window", problem: fault };
  // Behind all that were before, also where the clock has been set back: the newest one tells for all.
  const newest = (await tx.run(findNewestRun, [setup.id])).rows[0];
  const nowMs = now.getTime();
  const id = newest === undefined ? newUuid(nowMs, 0, deps.random(8)) : uuidAfter(newest.id, nowMs, deps.random(8));
  const continues = wish.window === null;
  const columns = [
    setup.id,
    setup.tenant,
    wish.cause,
    wish.startedBy,
    window.from,
    window.to,
    PAGE_ITEMS,
    now,
    continues,
  ];
  const inserted = await tx.run(insertRun, [id, ...columns]);
  if (inserted.rowCount !== 1) {
    const running = (await tx.run(findUnfinishedRun, [setup.id])).rows[0];
    if (running === undefined)
      return { kind: "refused", path: "state", problem: "another run has just ended; start again" };
    return { kind: "running", run: running };
  }
  await tx.run(carryUnexplained, [id, setup.id, now, keysSince, oldestListed(now, historySec)]);
  const run = (await tx.run(findRun, [setup.tenant, id])).rows[0];
  if (run === undefined) throw new Error("the run that was started is not there");
  return { kind: "started", run };
}

function findWindowFault(
  { from, to }: LogWindow,
  now: Date,
  { at, because }: ReturnType<typeof oldestComparable>,
): string | null {
  if (!(from < to)) return "must end after it begins";
  // A second of grace: who asks goes by a clock of their own, or has worked the limit out a moment ago.
  if (to.getTime() > now.getTime() + 1_000) return "must not end in the future";
  if (from.getTime() >= at.getTime() - 1_000) return null;
  const begins = `begins before ${at.toISOString()}`;
  return because === "log"
    ? `${begins}, the oldest that this provider's log is known to hold`
    : `${begins}: keys from before that are forgotten (retention.dedupeDays), so what was processed would be delivered again`;
}

export type Cancelled =
  | { readonly kind: "cancelled"; readonly run: RunRow }
  | { readonly kind: "missing" }
  | { readonly kind: "ended"; readonly run: RunRow }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

/** Ends a run where it is. What it has recovered stays. */
export async function cancelReconciliation(
  deps: StartDeps,
  tenant: string,
  id: string,
  detail: string,
): Promise<Cancelled> {
  const done = await deps.db.transaction(async (tx): Promise<Cancelled> => {
    const present = (await tx.run(findRun, [tenant, id])).rows[0];
    if (present === undefined) return { kind: "missing" };
    const end = { id, lease: null, state: "cancelled", detail, now: deps.databaseNow() } as const;
    const { isClosed } = await closeRun(tx, end);
    const run = (await tx.run(findRun, [tenant, id])).rows[0] ?? present;
    return { kind: isClosed ? "cancelled" : "ended", run };
  }, DEADLINE_MS);
  return done.ok ? done.value : { kind: "failed", unknown: done.unknown, message: done.message };
}
