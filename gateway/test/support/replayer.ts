import { randomBytes, randomUUID } from "node:crypto";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { openLedger } from "../../src/pipeline/ledger.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import type { ReplayDeps } from "../../src/recovery/replay.ts";
import { createSparingSettler } from "../../src/recovery/settle-replays.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import type { Desk } from "./delivery-gateway.ts";

/** What a worker's replayer stands on, here without one, so that a test decides when it goes on and where it is killed. */
export async function replayer(db: Database): Promise<ReplayDeps> {
  const catalog = indexCatalog(await loadCatalog(db, createSecretsBox({ keys: [{ id: "x", key: randomBytes(32) }] })));
  return {
    db,
    clock: systemClock,
    databaseNow: () => new Date(),
    syncTime: () => null,
    random: (bytes) => randomBytes(bytes),
    catalog: () => catalog,
    ledger: openLedger(),
    ranks: createFairQueue(),
    findKey: async () => ({ kind: "unavailable" }),
    publicUrl: null,
    log: silentLog,
    metrics: createMetrics("test"),
    lease: randomUUID(),
    leaseMs: 0,
    onReady: () => {},
    settler: createSparingSettler({ db, clock: systemClock }),
  };
}

/** Finishes what is ready, as workers would. */
export async function makeRoom(desk: Desk): Promise<void> {
  await desk.query(
    `WITH gone AS (DELETE FROM holdfast.delivery WHERE state = 'ready' RETURNING *)
     INSERT INTO holdfast.finished_delivery (bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, state, attempt, finished_at)
     SELECT bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, 'processed', 1, now() FROM gone`,
  );
}
