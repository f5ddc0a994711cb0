import { expect, it, onTestFinished } from "vitest";
import { finishRun, moveRun } from "../../src/store/reconciliations/runs.ts";
import type { CrashPoint } from "../support/crash-points.ts";
import { firstWords, heal, strikeAt } from "../support/crash-points.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { HOUR_MS, STANDS, endLeases, startRun } from "../support/reconciliation-runs.ts";
import type { SpawnedWorker } from "../support/worker-process.ts";
import { spawnWorkerProcess } from "../support/worker-process.ts";

const STEPS: readonly CrashPoint[] = [
  { pool: "reconciliations", at: firstWords(moveRun) },
  { pool: "reconciliations", at: "COMMIT", answered: true },
  { pool: "reconciler", at: "COMMIT", answered: true },
  { pool: "reconciliations", at: firstWords(finishRun) },
];

it(
  "a reconciliation whose process is killed at each of its steps, and started again, brings back each event once (F139)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const stripe = await startFakeStripe();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const connector = { kind: "stripe", baseUrl: stripe.url };
    const spawn = (databaseUrl: string): Promise<SpawnedWorker> =>
      spawnWorkerProcess(desk, {
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
    const first = await spawn(desk.database.url);
    await first.ready;
    first.signal("SIGKILL");
    await first.ended;
    for (const point of STEPS) {
      await endLeases(desk);
      happen();
      await startRun(desk);
      const { struck } = strikeAt(proxy, point, () => {});
      const victim = await spawn(proxy.url);
      // It may take the step before it is ready. One that ended by itself never takes it.
      await Promise.race([struck, victim.ready.then(() => struck)]);
      victim.signal("SIGKILL");
      await victim.ended;
      heal(proxy);
    }
    await endLeases(desk);
    await spawn(desk.database.url);
    const stands = async (): Promise<Record<string, unknown>> => (await desk.query(STANDS))[0]!;
    await expect.poll(async () => (await stands())["open"], { timeout: 120_000 }).toBe(0);
    // One more from the beginning finds whatever happened while a run was under way.
    await startRun(desk);
    await expect.poll(stands, { timeout: 120_000 }).toEqual({ events: sent, ids: sent, deliveries: sent, open: 0 });
  },
);
