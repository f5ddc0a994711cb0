import { expect, it, onTestFinished } from "vitest";
import { advanceReplay, endReplay, leaseReplay } from "../../src/store/replays/write-replays.ts";
import type { CrashPoint } from "../support/crash-points.ts";
import { firstWords, heal, strikeAt } from "../support/crash-points.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { SECRET_KEY, endedWith, openService, settled, startReplayGateway } from "../support/replay-desk.ts";
import type { SpawnedWorker } from "../support/worker-process.ts";
import { spawnWorkerProcess } from "../support/worker-process.ts";

const EVENTS = 9;
const STEPS: readonly CrashPoint[] = [
  { pool: "replayer", at: firstWords(leaseReplay) },
  { pool: "replayer", at: firstWords(advanceReplay) },
  { pool: "replayer", at: "COMMIT", answered: true },
  { pool: "replayer", at: firstWords(endReplay) },
];

it(
  "a replay whose process is killed at each of its steps, and started again, delivers each event once and adds up (F133)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const service = await openService();
    service.answer = () => 422;
    const destinations = { billing: { url: service.url, retry: { scheduleSec: [1, 1, 1, 1], refusalsMax: 1 } } };
    const outage = await startReplayGateway(desk, { destinations });
    for (let i = 0; i < EVENTS; i++) expect(await outage.post(`evt_${i}`)).toBe(200);
    await settled(desk);
    await outage.stop();
    service.answer = () => 200;
    service.seen.length = 0;
    const gateway = await startReplayGateway(desk, { destinations, roles: ["admin"] });
    const planned = (await gateway.call("POST", "/replays", { ratePerSec: 10_000 })).body;
    const ran = await gateway.call("POST", "/replays/run", { token: planned["token"] });
    expect([ran.status, ran.body]).toMatchObject([200, { state: "running" }]);
    // Batches of one, so that nine events outlast all who are killed.
    await desk.query("UPDATE holdfast.replay SET options = options || '{\"inFlightMax\": 1}'");

    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const spawn = (databaseUrl: string): Promise<SpawnedWorker> =>
      spawnWorkerProcess(desk, {
        destinations,
        routes: [{ source: "payments", destination: "billing" }],
        secretKey: SECRET_KEY,
        databaseUrl,
        worker: { leaseMs: 3_000 },
      });
    // What the killed one held is over for the next one, who would else wait for it.
    const over = "UPDATE holdfast.replay SET lease_until = now() WHERE lease IS NOT NULL";
    for (const point of STEPS) {
      const { struck } = strikeAt(proxy, point, () => {});
      const victim = await spawn(proxy.url);
      // It may take the step before it is ready. One that ended by itself never takes it.
      await Promise.race([struck, victim.ready.then(() => struck)]);
      // Since then the proxy has swallowed everything.
      victim.signal("SIGKILL");
      await victim.ended;
      heal(proxy);
      await desk.query(over);
    }
    await spawn(desk.database.url);
    const replay = await endedWith(gateway, String(planned["id"]), EVENTS);
    expect(replay).toMatchObject({
      state: "completed",
      summary: {
        events_scanned: EVENTS,
        replayed: EVENTS,
        processed: EVENTS,
        failed_permanent: 0,
        integrity_check: "pass",
      },
    });
    const rows = await desk.query<{ event_id: string; key: string }>(
      "SELECT event_id, key FROM holdfast.finished_delivery WHERE trigger = 'replay'",
    );
    expect([rows.length, new Set(rows.map((row) => row.event_id)).size]).toEqual([EVENTS, EVENTS]);
    // Whoever is killed with an answer in hand delivers it again, under the same key.
    expect(service.effects.size).toBe(EVENTS);
    expect(service.seen.length).toBeLessThanOrEqual(EVENTS + STEPS.length);
  },
);
