import type { GatewayConfig } from "../config.ts";
import { OWN_CONNECTIONS } from "../config/connections.ts";
import { createFilterFaults } from "../engine/filter-faults.ts";
import type { Loop } from "../engine/loop.ts";
import { startLoop } from "../engine/loop.ts";
import { RECORDER_POOL, createRecorder } from "../engine/recorder.ts";
import type { EventDraft } from "../pipeline/record-event.ts";
import { createEgress } from "../platform/egress/create-egress.ts";
import type { Log } from "../platform/log.ts";
import { openConnector } from "../recovery/connectors/open-connector.ts";
import { dropSpentBytes } from "../recovery/drop-spent-bytes.ts";
import type { RecordedOne } from "../recovery/hold-run.ts";
import { reconcileNext } from "../recovery/reconcile.ts";
import { hideResults, startDue } from "../recovery/start-due.ts";
import type { Database } from "../store/database.ts";
import type { Foundation } from "./foundation.ts";

/** Compares providers' logs with ours, in the process that leads. */
export interface Reconciler {
  /** Ends the step that is under way and gives its run back. */
  stop(): Promise<void>;
}

const SCHEDULE_MS = 10_000;
const LOOK_MS = 1_000;
const STATEMENT_MS = 60_000;
const RECORD_DEADLINE_MS = 10_000;
const MIB = 1_048_576;

/**
 * Starts the loops: what the schedules ask for, the runs that are due, and the bytes that those need no more. Every process has them,
 * the leader's do something.
 */
export function startReconciler(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  onRecorded: () => void,
): Reconciler {
  const { clock, databaseClock, metrics, catalog, leader, ranks, random, box } = foundation;
  // Of its own: a slow log shall hold up neither keys nor deliveries.
  const egress = createEgress({ policy: config.egress, log, clock });
  const limits = { lanes: 1, deadlineMs: RECORD_DEADLINE_MS, queueItemsMax: 100, queueBytesMax: 64 * MIB };
  const recordDb = foundation.openPool("reconciler", OWN_CONNECTIONS.reconciler, RECORD_DEADLINE_MS, RECORDER_POOL);
  const recorder = createRecorder({ db: recordDb, clock, metrics, ranks, ...limits, onRecorded });
  const db = foundation.openPool("reconciliations", OWN_CONNECTIONS.reconciliations, STATEMENT_MS);
  const time = { databaseNow: () => databaseClock.now(), syncTime: () => databaseClock.catchUp() };
  const shared = { db, ...time, random, box, log, metrics };
  const filterFaults = createFilterFaults({ db, clock, metrics, log });
  let isStopping = false;
  const leads = (): boolean => !isStopping && leader.current() !== null;
  const runs = {
    ...shared,
    onFilterFault: filterFaults.note,
    record: async (draft: EventDraft): Promise<RecordedOne> => {
      const recorded = await recorder.submit([draft]);
      return recorded.ok ? { ok: true, value: recorded.value[0]! } : recorded;
    },
    findSource: (id: string) => {
      const index = catalog.index();
      const source = index.findSourceById(id);
      return source === null ? null : index.findSource(source.key);
    },
    openConnector: (setup: Parameters<typeof openConnector>[1]) =>
      openConnector({ egress, clock, dataDir: config.dataDir }, setup),
  };
  const schedules = {
    ...shared,
    findSourceName: (id: string) => catalog.index().findSourceById(id)?.name ?? null,
  };
  const loops = [
    ...startRuns(db, log, leads, () => reconcileNext(runs, () => !leads())),
    startLoop({ name: "reconcile schedules", log, idleMs: SCHEDULE_MS }, async () => {
      if (leads()) await startDue(schedules);
      else hideResults(metrics);
      return false;
    }),
  ];
  return {
    stop: async () => {
      isStopping = true;
      // A call to a provider may take half a minute; it is given up, and made again by whoever goes on.
      await egress.close();
      await Promise.all(loops.map((loop) => loop.stop()));
      await recorder.drain(RECORD_DEADLINE_MS);
      await filterFaults.drain();
    },
  };
}

/** The loop of the runs that are due, and the one of what they leave, which is looked at after each and now and then. */
function startRuns(db: Database, log: Log, leads: () => boolean, next: () => Promise<boolean>): Loop[] {
  const bytes = startLoop(
    { name: "reconciliation bytes", log, idleMs: SCHEDULE_MS },
    async () => leads() && (await dropSpentBytes(db)),
  );
  const reconciler = startLoop({ name: "reconciler", log, idleMs: LOOK_MS }, async () => {
    const isCarriedOn = leads() && (await next());
    if (isCarriedOn) bytes.wake();
    return isCarriedOn;
  });
  return [reconciler, bytes];
}
