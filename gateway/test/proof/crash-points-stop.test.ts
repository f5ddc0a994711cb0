import { expect, it, onTestFinished } from "vitest";
import { delayAt } from "../support/crash-points.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { startReceiver } from "../support/receiver.ts";
import { atFirstTimes, sweep } from "../support/sweep.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const STEPS = atFirstTimes([
  { pool: "worker", at: "claim_ready" },
  { pool: "worker", at: "find_events" },
  { pool: "settler", at: "insert_attempts" },
  { pool: "settler", at: "copy_finished" },
  { pool: "settler", at: "delete_finished" },
  { pool: "settler", at: "COMMIT" },
]);

it(
  "a worker that stands still past its lease at any step of its work, and goes on, changes nothing of what another has done meanwhile (F39)",
  { timeout: 600_000 },
  async () => {
    const desk = await openDesk();
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const receiver = await startReceiver();
    const how = {
      destinations: { billing: { url: receiver.url, retry: { scheduleSec: [1, 1, 1] } } },
      worker: { leaseMs: 1_500 },
    };
    const still = await startWorkerProcess(desk, { ...how, databaseUrl: proxy.url });
    await startDeliveries(desk, how);
    const ids: string[] = [];
    const next = async (): Promise<string> => {
      ids.push(...(await desk.record({ to: ["billing"] })));
      return ids.at(-1)!;
    };
    for (const point of sweep(STEPS, 2)) {
      const { held, hasHeld, release } = delayAt(proxy, point);
      // The other one may be quicker: until this one has one in hand.
      while (!hasHeld()) await Promise.race([held, desk.finished(await next())]);
      still.signal("SIGSTOP");
      const done = point.at === "claim_ready" ? await next() : ids.at(-1)!;
      // After the lease; what it waits for in a lock ends with the session of the one that stands still.
      const found = await desk.finished(done);
      expect([point, found]).toEqual([point, expect.objectContaining({ state: "processed", reason: null })]);
      release();
      still.signal("SIGCONT");
      for (const id of [await next(), await next()]) await desk.finished(id);
      expect([point, await desk.finished(done)]).toEqual([point, found]);
    }
    for (const id of ids) expect(await desk.finished(id)).toMatchObject({ state: "processed", reason: null });
    const rows = await desk.query<{ attempt: number }>("SELECT attempt FROM holdfast.finished_delivery");
    expect(rows.length).toBe(ids.length);
    expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(ids.length);
    // Sent no more often than it was claimed, however slow the machine is.
    expect(receiver.arrivals.length).toBeLessThanOrEqual(rows.reduce((sum, { attempt }) => sum + attempt, 0));
  },
);
