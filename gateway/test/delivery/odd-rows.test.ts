import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { createDatabaseClock } from "../../src/engine/database-clock.ts";
import { createDoubtfulClaims } from "../../src/engine/doubtful-claims.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { claim } from "../../src/pipeline/claim.ts";
import { rescue } from "../../src/pipeline/rescue.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { findDue } from "../../src/store/deliveries/find-due.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

const PROCESSED = { state: "processed", reason: null };
const bump = "UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'";

test("a delivery whose event, bytes or destination is gone ends dead and says so, and the loop goes on (F47)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url }, other: { url: receiver.url } };
  const { gateway } = await startDeliveries(desk, { destinations });
  await gateway.drain();
  const [gone] = await desk.record({ to: ["billing"] });
  await desk.query("DELETE FROM holdfast.event");
  const [garbled] = await desk.record({ to: ["billing"] });
  const [odd] = await desk.record({ to: ["billing"] });
  const [homeless] = await desk.record({ to: ["other"] });
  const setHeaders =
    "UPDATE holdfast.event SET headers = $2 WHERE id = (SELECT event_id FROM holdfast.delivery WHERE id = $1)";
  await desk.query(setHeaders, [garbled, Buffer.from("[[not json")]);
  await desk.query(setHeaders, [odd, Buffer.from('{"a":"b"}')]);
  await desk.query("UPDATE holdfast.delivery SET destination_id = $2 WHERE id = $1", [
    homeless,
    newUuid(0, 1, randomBytes(8)),
  ]);
  const [fine] = await desk.record({ to: ["billing"] });
  const { attemptLines } = await startDeliveries(desk);
  for (const [id, words] of [
    [gone, "the event no longer exists"],
    [garbled, "headers cannot be read"],
    [odd, "headers cannot be read"],
    [homeless, "the destination no longer exists"],
  ] as const) {
    expect(await desk.finished(id!)).toEqual({ state: "dead", reason: "referent_missing", attempt: 1 });
    expect((await desk.attempts(id!))[0]!.detail).toContain(words);
  }
  expect(await desk.finished(fine!)).toEqual({ ...PROCESSED, attempt: 1 });
  await until(() => attemptLines().filter((line) => line["reason"] === "referent_missing").length === 4);
});

test("a destination that this process has not heard of yet is looked up before anything is given up", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } });
  const made = newUuid(Date.now(), 0, randomBytes(8));
  // Another process makes it and routes to it at once; a handler's, which needs no secret of its own.
  await desk.query(
    `INSERT INTO holdfast.destination (id, tenant, name, kind, handler, headers, policy, origin, created_at, updated_at)
     VALUES ($1, 'default', 'new', 'handler', 'nobody', '[]', '{}', 'api', now(), now())`,
    [made],
  );
  await desk.query(bump);
  const [id] = await desk.record({ to: ["new"] });
  expect(await desk.waiting(id!, "held")).toMatchObject({ held_reason: "handler_missing", attempt: 0 });
});

test("what cannot be signed is held at no cost, not sent, and released by a process that has the key (F46)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const stranger = await startDeliveries(desk, { secretKey: randomBytes(32).toString("base64") });
  const [id] = await desk.record({ to: ["billing"] });
  expect(await desk.waiting(id!, "held")).toMatchObject({ held_reason: "signing_secret_unreadable", attempt: 0 });
  expect(receiver.arrivals).toEqual([]);
  await stranger.gateway.drain();
  await startDeliveries(desk);
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
});

test("what is due becomes ready and never early, after a restart too (F49)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => 500);
  const destinations = { billing: { url: receiver.url, retry: { scheduleSec: [3_600, 3_600] } } };
  const first = await startDeliveries(desk, { destinations });
  const [late] = await desk.record({ to: ["billing"] });
  const [soon] = await desk.record({ to: ["billing"] });
  await desk.waiting(late!, "scheduled");
  const { due_at: dueAt } = await desk.waiting(soon!, "scheduled");
  await first.gateway.drain();
  // By the database's own clock: a millisecond before it is due nothing moves, at that millisecond it does.
  const at = (ms: number) => new Date(dueAt!.getTime() + ms).toISOString();
  await desk.query("UPDATE holdfast.delivery SET due_at = due_at + interval '1 h' WHERE id = $1", [late]);
  expect((await desk.db.run(findDue, [at(-1), 10])).rowCount).toBe(0);
  await desk.query("UPDATE holdfast.delivery SET due_at = now() - interval '3 days' WHERE id = $1", [soon]);
  receiver.answer = () => 200;
  await startDeliveries(desk);
  expect(await desk.finished(soon!)).toEqual({ ...PROCESSED, attempt: 2 });
  await desk.waiting(late!, "scheduled");
  expect(receiver.arrivals.length).toBe(3);
});

test("two rescuers at once share what has expired: each delivery is taken back once, and one attempt written (F50)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  for (let i = 0; i < 30; i++) await desk.record({ to: ["billing"] });
  await desk.query(
    `UPDATE holdfast.delivery SET state = 'leased', attempt = 1, lease = gen_random_uuid(), lease_until = now() - interval '1 s'`,
  );
  const empty = indexCatalog({ version: 0, sources: [], destinations: [], routes: [], throttles: [] });
  const deps = { random: (n: number) => randomBytes(n), worker: "rescuer", catalog: () => empty, leaseMs: 1_000 };
  const now = new Date();
  const results = await Promise.all(
    [1, 2, 3].map(() => desk.db.transaction((tx) => rescue(deps, tx, now, { until: now }, 20), 10_000)),
  );
  expect(results.reduce((sum, result) => sum + (result.ok ? result.value.found : NaN), 0)).toBe(30);
  const rows = await desk.query(
    `SELECT d.state, count(a.id)::int AS attempts FROM holdfast.delivery d JOIN holdfast.attempt a ON a.delivery_id = d.id
      GROUP BY d.id, d.state`,
  );
  expect(rows.length).toBe(30);
  for (const row of rows) expect(row).toEqual({ state: "ready", attempts: 1 });
});

test("a lease ends by the database's clock, however wrong this process's own clock is (F55, F92)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  await desk.record({ to: ["billing"] });
  const ahead: Clock = { ...systemClock, now: () => new Date(Date.now() + 86_400_000) };
  const databaseClock = createDatabaseClock(desk.db, ahead);
  await databaseClock.sync();
  const deps = { db: desk.db, clock: ahead, databaseNow: () => databaseClock.now(), leaseMs: 3_600_000 };
  expect(
    (
      await claim(
        {
          ...deps,
          syncTime: () => databaseClock.catchUp(),
          claimFloors: () => null,
          onClaimed: () => {},
          onDoubt: () => {},
        },
        1,
      )
    ).length,
  ).toBe(1);
  const [row] = await desk.query<{ left: number }>(
    "SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 AS left FROM holdfast.delivery",
  );
  // An hour, less what the test has taken; a day more would be the worker's clock.
  expect(row!.left).toBeGreaterThan(0);
  expect(row!.left).toBeLessThan(3_605);
});

test("a lease is not born expired after a sleep that this process's monotonic clock has not counted", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  await desk.record({ to: ["billing"] });
  let sleptMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() - sleptMs };
  const databaseClock = createDatabaseClock(desk.db, clock);
  await databaseClock.sync();
  expect(databaseClock.catchUp()).toBeNull();
  sleptMs = 7_200_000;
  const clocks = { clock, databaseNow: () => databaseClock.now(), syncTime: () => databaseClock.catchUp() };
  const deps = { db: desk.db, ...clocks, leaseMs: 3_600_000 };
  expect((await claim({ ...deps, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} }, 1)).length).toBe(1);
  expect(await desk.query("SELECT FROM holdfast.delivery WHERE lease_until > now()")).toHaveLength(1);
  expect(databaseClock.catchUp()).toBeNull();
});

test("what a claim has leased whose answer was lost is found as it would have been answered", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  await desk.record({ to: ["billing"], lane: "customer 7" });
  const deps = { db: desk.db, clock: systemClock, databaseNow: () => new Date(), leaseMs: 3_600_000 };
  const claimed = await claim(
    { ...deps, syncTime: () => null, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} },
    1,
  );
  expect(claimed).toMatchObject([{ lane: "customer 7" }]);
  const [row] = await desk.query<{ lease_until: Date }>("SELECT lease_until FROM holdfast.delivery");
  const doubts = createDoubtfulClaims({ ...deps, log: silentLog });
  const { lease, leaseEndsMs } = claimed[0]!;
  doubts.note({ lease, leaseUntil: row!.lease_until.toISOString(), leaseEndsMs });
  expect(await doubts.find(false)).toEqual(claimed);
});

test("a destination with a longer timeout than the lease allows is still delivered to", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, timeoutMs: 60_000 } };
  await startDeliveries(desk, { destinations, worker: { leaseMs: 20_000 } });
  const [id] = await desk.record({ to: ["billing"] });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
});
