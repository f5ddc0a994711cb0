import { randomBytes } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { startReconciliation } from "../../src/recovery/start-reconciliation.ts";
import { finishRun, moveRun } from "../../src/store/reconciliations/runs.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import type { CrashPoint } from "../support/crash-points.ts";
import { firstWords, heal, strikeAt } from "../support/crash-points.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { WorkerProcess } from "../support/worker-process.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const HOUR_MS = 3_600_000;
const STEPS: readonly CrashPoint[] = [
  { pool: "reconciliations", at: firstWords(moveRun) },
  { pool: "reconciliations", at: "COMMIT", answered: true },
  { pool: "reconciler", at: "COMMIT", answered: true },
  { pool: "reconciliations", at: firstWords(finishRun) },
];

const STANDS = `SELECT count(*)::int AS events, count(DISTINCT provider_event_id)::int AS ids,
  (SELECT count(*)::int FROM holdfast.delivery) AS deliveries,
  (SELECT count(*)::int FROM holdfast.reconciliation_run WHERE finished_at IS NULL) AS open FROM holdfast.event`;

/** A run from the beginning, if none is under way. */
async function startRun(desk: Desk): Promise<void> {
  const deps = { db: desk.db, clock: systemClock, random: (bytes: number) => randomBytes(bytes) };
  const box = createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] });
  const [setup] = await loadSetups(desk.db, box);
  const window = { from: new Date(Date.now() - 2 * HOUR_MS), to: new Date(Date.now() - HOUR_MS / 2) };
  const started = await startReconciliation(deps, setup!, { cause: "requested", startedBy: "a test", window });
  expect(["started", "running"]).toContain(started.kind);
}

it(
  "a reconciliation whose process is killed at each of its steps, and started again, brings back each event once (F139)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const stripe = await startFakeStripe();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const connector = { kind: "stripe", baseUrl: stripe.url };
    const start = (databaseUrl: string): Promise<WorkerProcess> =>
      startWorkerProcess(desk, {
        // Nobody delivers: what is counted stands still.
        roles: ["admin"],
        destinations: { billing: { url: "https://billing.example/webhooks" } },
        routes: [{ source: "payments", destination: "billing" }],
        reconciliations: { log: { source: "payments", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 } },
        databaseUrl,
      });
    let sent = 0;
    const happen = (): void => {
      for (let n = 0; n < 2; n++, sent++) stripe.happen(Date.now() - HOUR_MS);
    };
    // The first one declares the reconciliation, and is not killed.
    const first = await start(desk.database.url);
    first.signal("SIGKILL");
    await first.ended;
    for (const point of STEPS) {
      // What the killed one held is over for the next one, who would else wait for it.
      await desk.query("UPDATE holdfast.leadership SET lease_until = now()");
      await desk.query("UPDATE holdfast.reconciliation_run SET lease_until = now() WHERE lease IS NOT NULL");
      happen();
      await startRun(desk);
      const { struck } = strikeAt(proxy, point, () => {});
      const victim = await start(proxy.url);
      await struck;
      victim.signal("SIGKILL");
      await victim.ended;
      heal(proxy);
    }
    await desk.query("UPDATE holdfast.leadership SET lease_until = now()");
    await desk.query("UPDATE holdfast.reconciliation_run SET lease_until = now() WHERE lease IS NOT NULL");
    await start(desk.database.url);
    const stands = async (): Promise<Record<string, unknown>> => (await desk.query(STANDS))[0]!;
    await expect.poll(async () => (await stands())["open"], { timeout: 120_000 }).toBe(0);
    // One more from the beginning finds whatever happened while a run was under way.
    await startRun(desk);
    await expect.poll(stands, { timeout: 120_000 }).toEqual({ events: sent, ids: sent, deliveries: sent, open: 0 });
  },
);
