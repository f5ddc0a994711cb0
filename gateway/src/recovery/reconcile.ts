import { randomUUID } from "node:crypto";
import type { Reconciliation } from "../domain/reconciliation.ts";
import type { ReadySource } from "../pipeline/arrival.ts";
import { messageOf } from "../platform/log.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import type { RunRow } from "../store/reconciliations/runs.ts";
import { claimRun, releaseRun } from "../store/reconciliations/runs.ts";
import { loadSetups } from "../store/reconciliations/setups.ts";
import { closeRun } from "./close-run.ts";
import { compareOwn } from "./compare-own.ts";
import type { Connector, ConnectorFault } from "./connectors/connector.ts";
import { guardConnector } from "./connectors/guard-connector.ts";
import { faultOf, faultOfError } from "./connectors/provider-line.ts";
import type { HeldRun, ReconcileDeps, Stepped } from "./hold-run.ts";
import { FAR_MS, FINISH_DEADLINE_MS, LEASE_MS, passFault, passThrown } from "./hold-run.ts";
import { listLog } from "./list-log.ts";
import { recoverMissing } from "./recover-missing.ts";

export interface ReconcilerDeps extends ReconcileDeps {
  readonly box: SecretsBox;
  /** Reads the database's time again where it may not be known any more, and throws where that fails; else null. */
  readonly syncTime: () => Promise<void> | null;
  readonly findSource: (id: string) => ReadySource | null;
  readonly openConnector: (
    setup: Reconciliation,
  ) => Promise<{ readonly ok: true; readonly connector: Connector } | ConnectorFault>;
}

const PUT_BACK_MS = 1_000;

/**
 * Takes one run that is due and carries it on, step by step, until it waits or ends. Each step commits what it did, under the lease
 * and with the place where the next one goes on: killed anywhere, another process goes on from there when the lease has run out.
 *
 * @param isStopping asked between steps, so that a stop does not wait for a whole run
 * @returns whether there was a run
 * @throws what our own database did not answer
 */
export async function reconcileNext(deps: ReconcilerDeps, isStopping: () => boolean): Promise<boolean> {
  // By the time of before a sleep the lease of whoever leads by now would end too far from it.
  const syncing = deps.syncTime();
  if (syncing !== null) await syncing;
  const lease = randomUUID();
  const now = deps.databaseNow();
  const after = (ms: number): Date => new Date(now.getTime() + ms);
  const run = (await deps.db.run(claimRun, [lease, after(LEASE_MS), now, after(FAR_MS)])).rows[0];
  if (run === undefined) return false;
  let isMoved = false;
  try {
    const held = await findHeld(deps, run, lease);
    if (held !== null) await carryOn(deps, held, isStopping);
    isMoved = held !== null;
  } finally {
    // The run that is due longest is taken first: one that stands where it stood would be taken again, and never another.
    const dueAt = isMoved ? null : new Date(deps.databaseNow().getTime() + PUT_BACK_MS);
    // Whoever comes next need not wait for the lease to run out; when this fails, they do.
    await deps.db.run(releaseRun, [run.id, lease, dueAt]).catch((error: unknown) => {
      deps.log.warn(
        { runId: run.id, error: messageOf(error) },
        "the lease of a reconciliation could not be given back",
      );
    });
  }
  return true;
}

async function carryOn(deps: ReconcilerDeps, held: HeldRun, isStopping: () => boolean): Promise<void> {
  try {
    let stepped = await openLog(deps, held);
    while (stepped === "more" && !isStopping()) stepped = await step(deps, held);
  } catch (error) {
    await passThrown(deps, held, error);
  }
}

/** One step of the walk: read the log, recover what is missing, compare our own. */
async function step(deps: ReconcileDeps, held: HeldRun): Promise<Stepped> {
  switch (held.run.state) {
    case "started":
      return await listLog(deps, held);
    case "listed":
      return await recoverMissing(deps, held);
    case "recovered":
      return await compareOwn(deps, held);
    case "completed":
    case "failed":
    case "cancelled":
      return "ended";
  }
}

async function findHeld(deps: ReconcilerDeps, run: RunRow, lease: string): Promise<HeldRun | null> {
  const setup = (await loadSetups(deps.db, deps.box, { id: run.reconciliation_id }))[0];
  if (setup?.state === "disabled") {
    await endDisabled(deps, run, lease);
    return null;
  }
  const ready = setup === undefined ? null : deps.findSource(setup.sourceId);
  // A process that has not read the newest catalog yet leaves the run to its next look.
  if (setup === undefined || ready === null) return null;
  return { lease, setup, ready, connector: NO_CONNECTOR, run };
}

/** What it has recovered stays. */
async function endDisabled(deps: ReconcilerDeps, run: RunRow, lease: string): Promise<void> {
  const end = { id: run.id, lease, state: "cancelled", detail: "its reconciliation was disabled" } as const;
  const done = await deps.db.transaction((tx) => closeRun(tx, { ...end, now: deps.databaseNow() }), FINISH_DEADLINE_MS);
  if (!done.ok)
    deps.log.warn({ runId: run.id, error: done.message }, "a reconciliation that was disabled could not be ended");
}

async function openLog(deps: ReconcilerDeps, held: HeldRun): Promise<Stepped> {
  const opened = await deps.openConnector(held.setup).catch(faultOfError);
  if (!opened.ok) return await passFault(deps, held, opened);
  held.connector = guardConnector(opened.connector);
  return "more";
}

const NO_CONNECTOR: Connector = {
  list: async () => faultOf("refused", "there is no connector"),
  fetch: null,
  redeliver: null,
};
