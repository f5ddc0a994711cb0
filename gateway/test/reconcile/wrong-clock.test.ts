import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished, vi } from "vitest";
import { createDatabaseClock } from "../../src/engine/database-clock.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { reconcileNext } from "../../src/recovery/reconcile.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;

/** A log that holds nothing, with what a reconciliation of it is declared as. */
async function openEmpty(source: string, more: object = {}) {
  const log = await startFakeProvider(() => ({ status: 200, text: "[]" }));
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", id: "/id" };
  return { source, connector, lagSec: 0, ...more };
}

it("a leader whose wall clock is an hour ahead leaves the run of a living holder alone, and compares no time to come", async () => {
  const desk = await openDesk();
  const setup = await openEmpty("payments");
  const destinations = { app: { url: "http://127.0.0.1:9/" } };
  const { gateway } = await startDeliveries(desk, { destinations, reconciliations: { held: setup, free: setup } });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR });
  onTestFinished(() => void vi.useRealTimers());

  // Due for longer than any other, and so what would be taken first.
  const lease = randomUUID();
  await desk.query(
    `INSERT INTO holdfast.reconciliation_run (id, reconciliation_id, tenant, cause, started_by, continues, window_from, window_to, state,
                                              page_items, due_at, started_at, lease, lease_until)
     SELECT gen_random_uuid(), id, 'default', 'requested', 'a test', true, now() - interval '2 h', now() - interval '1 h', 'started', 100,
            now() - interval '1 min', now() - interval '1 min', $1, now() + interval '9 min'
       FROM holdfast.reconciliation WHERE name = 'held'`,
    [lease],
  );
  const started = await fetch(`${gateway.adminUrl}/api/v1/reconciliations/free/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" },
    body: "{}",
  });
  expect(started.status).toBe(201);
  const completed =
    "SELECT window_to <= clock_timestamp() AS is_over FROM holdfast.reconciliation_run WHERE state = 'completed' AND started_by <> 'a test'";
  await until(async () => (await desk.query(completed)).length === 1);
  expect(await desk.query(completed)).toEqual([{ is_over: true }]);
  expect(await desk.query("SELECT state, lease FROM holdfast.reconciliation_run WHERE started_by = 'a test'")).toEqual([
    { state: "started", lease },
  ]);
});

it("a schedule goes by the database's time, also where its next time was worked out while a clock was ahead", async () => {
  const bench = await openBench({ log: await openEmpty("stripe", { schedule: "*/5 * * * *" }) });
  const ahead = { now: () => new Date(bench.now().getTime() + HOUR), monotonicMs: () => 0 };
  const schedules = { ...bench.deps, clock: ahead, metrics: bench.metrics, findSourceName: () => "stripe" };
  const isSoon = () =>
    bench.query("SELECT next_due_at <= now() + interval '5 min' AS is_soon FROM holdfast.reconciliation");
  expect(await startDue(schedules)).toBe(0);
  expect(await isSoon()).toEqual([{ is_soon: true }]);
  await bench.query(
    "UPDATE holdfast.reconciliation SET next_due_at = date_trunc('second', now()) + interval '30 days'",
  );
  expect(await startDue(schedules)).toBe(0);
  expect(await isSoon()).toEqual([{ is_soon: true }]);
  bench.wait(301_000);
  expect(await startDue(schedules)).toBe(1);
});

it("a lease that was written while a clock was ahead holds no run up, and one of the right length does", async () => {
  const bench = await openBench({ log: await openEmpty("stripe") });
  const { id } = await bench.start("log", null);
  const lease = (span: string) =>
    bench.query(
      "UPDATE holdfast.reconciliation_run SET lease = gen_random_uuid(), lease_until = now() + $1::interval",
      [span],
    );
  await lease("9 minutes");
  expect(await reconcileNext(bench.deps, () => false)).toBe(false);
  await lease("30 days");
  expect(await reconcileNext(bench.deps, () => false)).toBe(true);
  expect(await bench.carryOn(id)).toMatchObject({ state: "completed" });
});

it("takes no run from a living holder after a sleep that its monotonic clock has not counted", async () => {
  const bench = await openBench({ log: await openEmpty("stripe") });
  let sleptMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() - sleptMs };
  const databaseClock = createDatabaseClock(bench.deps.db, clock);
  await databaseClock.sync();
  const sleeper = {
    ...bench.deps,
    databaseNow: () => databaseClock.now(),
    syncTime: () => databaseClock.catchUp(),
  };
  const { id } = await bench.start("log", null);
  const another = randomUUID();
  await bench.query(
    "UPDATE holdfast.reconciliation_run SET due_at = now() - interval '1 hour', lease = $1, lease_until = now() + interval '9 minutes'",
    [another],
  );
  sleptMs = 20 * 60_000;
  expect(await reconcileNext(sleeper, () => false)).toBe(false);
  expect(await bench.query("SELECT id, lease FROM holdfast.reconciliation_run")).toEqual([{ id, lease: another }]);
});

it("a leader that slept ends no window by the time of before: it reads the time first", async () => {
  const bench = await openBench({ log: await openEmpty("stripe", { lagSec: 0 }) });
  const { window_to } = await bench.carryOn((await bench.start("log", null)).id);
  let sleptMs = 20 * 60_000;
  const databaseNow = (): Date => new Date(bench.deps.databaseNow().getTime() - sleptMs);
  const syncTime = async (): Promise<void> => void (sleptMs = 0);
  await startDue({ ...bench.deps, databaseNow, syncTime, metrics: bench.metrics, findSourceName: () => "stripe" });
  expect(await bench.query("SELECT window_to FROM holdfast.reconciliation_run")).toEqual([{ window_to }]);
});

it("goes on where a window ended that is over, and leaves no time out for one that a clock that was ahead has ended in the future", async () => {
  const bench = await openBench({ log: await openEmpty("stripe", { lagSec: 0, overlapSec: 0 }) });
  const run = async () => await bench.carryOn((await bench.start("log", null)).id);
  const right = await run();
  bench.wait(2 * HOUR);
  const ahead = await run();
  bench.wait(-1.5 * HOUR);
  const next = await run();
  expect([next.window_from, next.state, next.detail]).toEqual([right.window_to, "completed", null]);
  expect(next.window_to < ahead.window_to).toBe(true);
  // By now that one is over as well; what came before its end was compared up to the end of the newer one.
  bench.wait(3 * HOUR);
  expect((await run()).window_from).toEqual(next.window_to);
});

it("leaves no time out either where the next run begins when the time that a clock that was ahead has named has come", async () => {
  const bench = await openBench({ log: await openEmpty("stripe", { lagSec: 0, overlapSec: 0 }) });
  const schedules = { ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" };
  const run = async () => await bench.carryOn((await bench.start("log", null)).id);
  const right = await run();
  bench.wait(2 * HOUR);
  await run();
  bench.wait(HOUR);
  // Wholly in the future once the clock is right.
  await run();
  bench.wait(-2.5 * HOUR);
  expect(await startDue(schedules)).toBe(0);
  const rightMs = bench.deps.databaseNow().getTime();
  bench.wait(4 * HOUR);
  const next = await run();
  expect(next.window_from > right.window_to).toBe(true);
  expect(next.window_from.getTime()).toBeLessThanOrEqual(rightMs);
});

it("a scheduled run that is refused is told in the log, with the reason", async () => {
  const bench = await openBench({ log: await openEmpty("stripe", { schedule: "*/5 * * * *", lagSec: 0 }) });
  const schedules = { ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" };
  await bench.carryOn((await bench.start("log", null)).id);
  await bench.query("UPDATE holdfast.reconciliation SET lag_sec = 86400");
  expect(await startDue(schedules)).toBe(0);
  bench.wait(301_000);
  expect(await startDue(schedules)).toBe(0);
  expect(bench.logged.filter((line) => line.includes("a scheduled reconciliation was not started"))).toEqual([
    expect.stringContaining("nothing of the log is old enough to be compared yet"),
  ]);
});
