import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createApart } from "../../src/engine/caretakers/apart.ts";
import { disableFailing } from "../../src/engine/caretakers/disabler.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { copyDelivery, statesOf } from "../support/many-deliveries.ts";
import { startReceiver } from "../support/receiver.ts";

const GATED = "destination_gated";
const retry = { scheduleSec: [600, 600, 600] };

test("a destination that never answers, with 500 waiting, keeps none of another's 500 from being delivered (F107)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver((arrival) => (arrival.path === "/hangs" ? undefined : 200));
  const destinations = {
    hangs: { url: `${receiver.url}/hangs`, timeoutMs: 60_000 },
    works: { url: `${receiver.url}/works` },
  };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [hangs] = await desk.record({ to: ["hangs"] });
  const [works] = await desk.record({ to: ["works"] });
  await copyDelivery(desk, hangs!, 499);
  await copyDelivery(desk, works!, 499);
  const { logged, metric } = await startDeliveries(desk, { worker: { concurrency: 64 } });
  await until(async () => (await statesOf(desk, "works"))["processed"] === 500);
  // Every slot was its own at first, and it has not answered one of them.
  expect(receiver.at("/hangs").length).toBeGreaterThanOrEqual(64);
  expect((await statesOf(desk, "hangs"))["processed"]).toBeUndefined();
  await until(async () => (await statesOf(desk, "hangs"))["ready"] === undefined);
  const { leased = 0, [`held ${GATED}`]: held = 0 } = await statesOf(desk, "hangs");
  expect(leased + held).toBe(500);
  expect((await desk.query("SELECT FROM holdfast.delivery WHERE state = 'held' AND attempt > 0")).length).toBe(0);
  expect(logged.some((line) => String(line["text"]).includes("destination is slow"))).toBe(true);
  await until(async () => (await metric("holdfast_destination_gate", 'reason="slow"')) === 1);
});

test("nor does one that declares more attempts at once than a worker has slots, and was let in for all of them", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver((arrival) => (arrival.path === "/hangs" ? undefined : 200));
  const destinations = {
    hangs: { url: `${receiver.url}/hangs`, timeoutMs: 60_000, concurrency: 500 },
    works: { url: `${receiver.url}/works` },
  };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [hangs] = await desk.record({ to: ["hangs"], heldReason: GATED });
  await copyDelivery(desk, hangs!, 199);
  await startDeliveries(desk, { worker: { concurrency: 8 } });
  await until(() => receiver.at("/hangs").length >= 8);
  // Before it was found slow all 200 had a permit.
  await until(async () => (await statesOf(desk, "hangs"))["ready"] === undefined);
  const [works] = await desk.record({ to: ["works"], priority: 0 });
  expect(await desk.finished(works!)).toMatchObject({ state: "processed" });
  const { leased = 0, [`held ${GATED}`]: held = 0 } = await statesOf(desk, "hangs");
  expect(leased + held).toBe(200);
  // 32 would keep the worker from claiming anything.
  expect(leased).toBeLessThan(32);
});

test("a destination that fails gets probes alone, its deliveries wait at no cost, and go out when one succeeds (F65)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => 500);
  const destinations = { billing: { url: receiver.url, retry } };
  // Copied while nobody claims it: what is leased cannot be.
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [failing] = await desk.record({ to: ["billing"] });
  await copyDelivery(desk, failing!, 11);
  const { metric } = await startDeliveries(desk);
  await until(async () => (await metric("holdfast_breaker_state", 'state="open"')) === 1);
  const before = receiver.arrivals.length;
  expect(before).toBe(12);
  // One that the door records now, one that it had queued before it knew, and the retries when they are due.
  await desk.record({ to: ["billing"], heldReason: GATED });
  await desk.record({ to: ["billing"] });
  await desk.hurry();
  await until(async () => (await statesOf(desk, "billing"))[`held ${GATED}`] === 14);
  expect(receiver.arrivals.length).toBe(before);
  const makeProbeDue = () => desk.query("UPDATE holdfast.destination_gate SET probe_at = now() WHERE breaker = 'open'");
  await makeProbeDue();
  await until(async () => (await statesOf(desk, "billing"))["scheduled"] === 1);
  expect(receiver.arrivals.length).toBe(before + 1);
  receiver.answer = () => 200;
  await makeProbeDue();
  await desk.hurry();
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 14);
  // Twelve that failed, a probe that failed, and each of the fourteen once: waiting has cost none of them an attempt.
  const [spent] = await desk.query<{ sum: number }>("SELECT sum(attempt)::int AS sum FROM holdfast.finished_delivery");
  expect([receiver.arrivals.length, spent!.sum]).toEqual([27, 27]);
  await until(async () => (await metric("holdfast_breaker_state", 'state="closed"')) === 1);
  expect(await metric("holdfast_destination_gate")).toBe(0);
});

test("a breaker counts as open while its destination is active: what is paused or disabled has nothing that could close it", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => 500);
  const destinations = { billing: { url: receiver.url, retry } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [failing] = await desk.record({ to: ["billing"] });
  await copyDelivery(desk, failing!, 11);
  const { metric } = await startDeliveries(desk);
  const breakers = async (count: number) =>
    await until(async () => (await metric("holdfast_breaker_state", 'state="open"')) === count);
  await breakers(1);
  const turn = async (state: string) => {
    await desk.query("UPDATE holdfast.destination SET state = $1, state_reason = 'by a test'", [state]);
    await desk.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  };
  for (const [state, count] of [
    ["paused", 0],
    ["active", 1],
    ["disabled", 0],
  ] as const) {
    await turn(state);
    await breakers(count);
  }
});

test("a destination that has only failed is told of after one day and three, and disabled after five", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url }, other: { url: receiver.url } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const since = new Date("2026-11-01T00:00:00Z");
  const last = new Date("2026-11-03T00:00:00Z");
  await desk.query(
    `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
     SELECT id, $1, $2, 40 FROM holdfast.destination WHERE name = 'billing'`,
    [since, last],
  );
  await desk.record({ to: ["billing"] });
  const index = indexCatalog(
    await loadCatalog(desk.db, createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] })),
  );
  const look = (at: string) =>
    disableFailing({
      db: desk.db,
      databaseNow: () => new Date(at),
      catalog: () => index,
      refreshCatalog: async () => {},
      log: silentLog,
      notices: createApart({ clock: systemClock, log: silentLog }, { text: "", isCostly: false }),
    });
  const kinds = async () =>
    (await desk.query<{ kind: string }>("SELECT kind FROM holdfast.destination_notice ORDER BY at, kind")).map(
      ({ kind }) => kind,
    );
  await look("2026-11-01T20:00:00Z");
  expect(await kinds()).toEqual([]);
  await look("2026-11-02T01:00:00Z");
  await look("2026-11-02T02:00:00Z");
  expect(await kinds()).toEqual(["failing_1_day"]);
  await look("2026-11-04T01:00:00Z");
  expect(await kinds()).toEqual(["failing_1_day", "failing_3_days"]);
  await look("2026-11-06T01:00:00Z");
  expect(await kinds()).toEqual(["failing_1_day", "failing_3_days", "disabled"]);
  const states = await desk.query("SELECT name, state FROM holdfast.destination ORDER BY name");
  expect(states).toEqual([
    { name: "billing", state: "disabled" },
    { name: "other", state: "active" },
  ]);
  expect(await statesOf(desk, "billing")).toEqual({ "held destination_disabled": 1 });
});
