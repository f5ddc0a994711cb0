import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { LogWindow } from "../../src/domain/reconciliation.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { startReconciliation } from "../../src/recovery/start-reconciliation.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import type { Desk } from "./delivery-gateway.ts";

export const HOUR_MS = 3_600_000;

/** What was brought back, and how many runs are not finished. */
export const STANDS = `SELECT count(*)::int AS events, count(DISTINCT provider_event_id)::int AS ids,
  (SELECT count(*)::int FROM holdfast.delivery) AS deliveries,
  (SELECT count(*)::int FROM holdfast.reconciliation_run WHERE finished_at IS NULL) AS open FROM holdfast.event`;

const earlier = () => ({ from: new Date(Date.now() - 2 * HOUR_MS), to: new Date(Date.now() - HOUR_MS / 2) });

/** A run of the hours before, or (null) from where the last one ended, if none is under way. */
export async function startRun(desk: Desk, window: LogWindow | null = earlier()): Promise<void> {
  const deps = { db: desk.db, databaseNow: () => new Date(), random: (bytes: number) => randomBytes(bytes) };
  const box = createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] });
  const [setup] = await loadSetups(desk.db, box);
  const started = await startReconciliation(deps, setup!, { cause: "requested", startedBy: "a test", window });
  expect(["started", "running"]).toContain(started.kind);
}

/** What a process held that is killed or stands still is over for the next one, who would else wait for it. */
export async function endLeases(desk: Desk): Promise<void> {
  await desk.query("UPDATE holdfast.leadership SET lease_until = now()");
  await desk.query("UPDATE holdfast.reconciliation_run SET lease_until = now() WHERE lease IS NOT NULL");
}
