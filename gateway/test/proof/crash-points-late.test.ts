import { expect, it, onTestFinished } from "vitest";
import { advanceReplay, endReplay, leaseReplay } from "../../src/store/replays/write-replays.ts";
import { finishRun, moveRun } from "../../src/store/reconciliations/runs.ts";
import { delayAt, firstWords } from "../support/crash-points.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { SECRET_KEY, endedWith, openService, settled, startReplayGateway } from "../support/replay-desk.ts";
import { HOUR_MS, STANDS, endLeases, startRun } from "../support/reconciliation-runs.ts";
import { atFirstTimes, sweep } from "../support/sweep.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const EVENTS = 3;

it(
  "a replay whose step comes to the database when another process has finished the run changes nothing of it (F133)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const service = await openService();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const destinations = { billing: { url: service.url, retry: { scheduleSec: [1, 1, 1, 1], refusalsMax: 1 } } };
    const gateway = await startReplayGateway(desk, { destinations, roles: ["ingest", "admin"] });
    const start = (databaseUrl: string): ReturnType<typeof startWorkerProcess> =>
      startWorkerProcess(desk, { secretKey: SECRET_KEY, databaseUrl, worker: { leaseMs: 3_000 } });
    await start(proxy.url);
    const other = await start(desk.database.url);
    const steps = atFirstTimes([
      { pool: "replayer", at: firstWords(leaseReplay) },
      { pool: "replayer", at: firstWords(advanceReplay) },
      { pool: "replayer", at: "COMMIT" },
      { pool: "replayer", at: firstWords(endReplay), isOnce: true },
    ]).filter(({ hit, isOnce }) => hit === 1 || isOnce !== true);
    const ran: { id: string; found: unknown }[] = [];
    for (const point of sweep(steps, 1)) {
      service.answer = () => 422;
      for (let n = 0; n < EVENTS; n++) expect(await gateway.post(`evt_${ran.length}_${n}`)).toBe(200);
      await settled(desk);
      service.answer = () => 200;
      other.signal("SIGSTOP");
      const planned = (await gateway.call("POST", "/replays", { ratePerSec: 10_000 })).body;
      const { held, release } = delayAt(proxy, point);
      expect((await gateway.call("POST", "/replays/run", { token: planned["token"] })).status).toBe(200);
      await held;
      other.signal("SIGCONT");
      await desk.query("UPDATE holdfast.replay SET lease_until = now() WHERE lease IS NOT NULL");
      const id = String(planned["id"]);
      const replay = await endedWith(gateway, id, EVENTS);
      const summary = { events_scanned: EVENTS, replayed: EVENTS, processed: EVENTS, integrity_check: "pass" };
      expect([point, replay]).toMatchObject([point, { state: "completed", summary }]);
      ran.push({ id, found: replay["summary"] });
      release();
    }
    await settled(desk);
    for (const { id, found } of ran) expect((await gateway.ended(id))["summary"]).toEqual(found);
    const rows = await desk.query("SELECT FROM holdfast.finished_delivery WHERE trigger = 'replay'");
    expect([rows.length, service.effects.size]).toEqual([ran.length * EVENTS, ran.length * EVENTS]);
  },
);

it(
  "a reconciliation whose step comes to the database when another process has finished the run brings back each event once (F139)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const stripe = await startFakeStripe();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const connector = { kind: "stripe", baseUrl: stripe.url };
    const how = {
      // Nobody delivers: what is counted stands still.
      roles: ["admin"] as const,
      destinations: { billing: { url: "https://billing.example/webhooks" } },
      routes: [{ source: "payments", destination: "billing" }],
      reconciliations: { log: { source: "payments", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 } },
    };
    await startWorkerProcess(desk, { ...how, databaseUrl: proxy.url });
    const other = await startWorkerProcess(desk, how);
    const steps = [
      { pool: "reconciliations", at: firstWords(moveRun) },
      { pool: "reconciliations", at: "COMMIT" },
      { pool: "reconciler", at: "COMMIT" },
      { pool: "reconciliations", at: firstWords(finishRun) },
    ];
    const stands = async (): Promise<Record<string, unknown>> => (await desk.query(STANDS))[0]!;
    let sent = 0;
    for (const point of sweep(steps, 1)) {
      other.signal("SIGSTOP");
      await endLeases(desk);
      for (let n = 0; n < 2; n++, sent++) stripe.happen(Date.now() - HOUR_MS);
      const { held, release } = delayAt(proxy, point);
      await startRun(desk);
      await held;
      other.signal("SIGCONT");
      // What is held in its transaction is locked until the database ends its session.
      await until(() =>
        endLeases(desk).then(
          () => true,
          () => false,
        ),
      );
      await expect.poll(async () => (await stands())["open"], { timeout: 120_000 }).toBe(0);
      release();
    }
    // One more from the beginning finds whatever happened while a run was under way.
    await endLeases(desk);
    await startRun(desk);
    await expect.poll(stands, { timeout: 120_000 }).toEqual({ events: sent, ids: sent, deliveries: sent, open: 0 });
  },
);
