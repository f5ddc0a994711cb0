import { expect, onTestFinished, test } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import type { Claimed } from "../../src/pipeline/claim.ts";
import { claim, readEvents } from "../../src/pipeline/claim.ts";
import type { Settlement } from "../../src/pipeline/settle.ts";
import type { WorkDeps } from "../../src/pipeline/work.ts";
import { work } from "../../src/pipeline/work.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { openTestPool } from "../support/database.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

/** Lets the database fail where it reads certain events: with an error code, or by not ending in time (`stuck`). */
async function openWorld() {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, retry: { scheduleSec: [1, 1] } } };
  const routes = [{ source: "payments", destination: "billing", orderBy: "body:/account" }];
  await (await startDeliveries(desk, { destinations, routes })).gateway.drain();
  // Held to the end of the test: whoever waits for it waits for good.
  const holder = await desk.db.pool.connect();
  onTestFinished(() => holder.release(true));
  await holder.query("SELECT pg_advisory_lock(1)");
  await desk.query("CREATE TABLE holdfast.poison (event_id uuid, code text)");
  await desk.query(
    `CREATE FUNCTION holdfast.may_read(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 1000000 SET lock_timeout = 0 AS $$
     DECLARE found text;
     BEGIN
       SELECT p.code INTO found FROM holdfast.poison p WHERE p.event_id = wanted;
       IF found = 'stuck' THEN
         FOR i IN 1..2 LOOP
           BEGIN PERFORM pg_advisory_lock(1); EXCEPTION WHEN query_canceled THEN NULL; END;
         END LOOP;
       END IF;
       IF found IS NOT NULL THEN RAISE EXCEPTION 'not read' USING ERRCODE = found; END IF;
       RETURN true;
     END $$`,
  );
  await desk.query("CREATE POLICY may_read ON holdfast.event USING (holdfast.may_read(id)) WITH CHECK (true)");
  await desk.query("ALTER TABLE holdfast.event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
  return { desk, receiver };
}

const poison = (desk: Desk, id: string, code: string) =>
  desk.query("INSERT INTO holdfast.poison SELECT event_id, $2 FROM holdfast.delivery WHERE id = $1", [id, code]);

/** Claims so many and reads them. @returns what each came to, by its id */
async function readAll(
  desk: Desk,
  count: number,
  statementTimeoutMs = 10_000,
  clock: Clock = systemClock,
): Promise<Record<string, string>> {
  const db = openTestPool(desk.database, 1, { statementTimeoutMs });
  onTestFinished(() => db.close());
  const deps = { db, clock, databaseNow: () => new Date(), leaseMs: 600_000 };
  const claimed = await claim(
    { ...deps, syncTime: () => null, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} },
    count,
  );
  const read = await readEvents(
    { ...deps, recent: { take: () => null }, makeRoom: () => "made" as const },
    claimed,
    1_000,
  );
  return Object.fromEntries(
    read.map(({ delivery, event }) => [delivery.id, typeof event === "string" ? event : "read"]),
  );
}

test.each([
  ["58030", "failed"],
  ["58P01", "damaged"],
  ["XX000", "failed"],
  ["XX001", "damaged"],
  ["57014", "failed"],
  ["53200", "failed"],
])("what fails with %s is alone with that: what was claimed with it is read", async (code, came) => {
  const { desk } = await openWorld();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(...(await desk.record({ to: ["billing"] })));
  await poison(desk, ids[3]!, code);
  const read = await readAll(desk, 5);
  expect(ids.map((id) => read[id])).toEqual(["read", "read", "read", came, "read"]);
});

test("so is what is not answered in time", async () => {
  const { desk } = await openWorld();
  const [fine] = await desk.record({ to: ["billing"] });
  const [stuck] = await desk.record({ to: ["billing"] });
  await poison(desk, stuck!, "stuck");
  expect(await readAll(desk, 2, 5_000)).toEqual({ [fine!]: "read", [stuck!]: "failed" });
});

test("where the database shuts down, nothing is said of any of them", async () => {
  const { desk } = await openWorld();
  const [one] = await desk.record({ to: ["billing"] });
  const [other] = await desk.record({ to: ["billing"] });
  await poison(desk, one!, "57P01");
  expect(await readAll(desk, 2)).toEqual({ [one!]: "unread", [other!]: "unread" });
});

test("what there is no time left for to read it by itself is late, and not failed", async () => {
  const { desk } = await openWorld();
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(...(await desk.record({ to: ["billing"] })));
  await poison(desk, ids[0]!, "57014");
  // Each look at the clock is two minutes later, in a lease of ten.
  let nowMs = 0;
  const read = await readAll(desk, 4, 10_000, { now: () => new Date(), monotonicMs: () => (nowMs += 120_000) });
  expect(ids.map((id) => read[id])).toEqual(["late", "late", "late", "late"]);
});

test("what is late waits some seconds, at no cost", async () => {
  const now = new Date("2026-11-21T12:00:00Z");
  const settled: Settlement[] = [];
  const deps = {
    databaseNow: () => now,
    random: (bytes: number) => new Uint8Array(bytes).fill(128),
    settle: async (settlement: Settlement) => (settled.push(settlement), "settled"),
    observe: () => {},
  };
  const claimed = { delivery: { bucket: 1 }, event: "late", fault: "57014: not read" } as Claimed;
  await work(deps as unknown as WorkDeps, claimed, () => {});
  expect(settled).toMatchObject([{ attempt: null, decision: { to: "scheduled" } }]);
  const waitMs = settled[0]!.dueAt!.getTime() - now.getTime();
  expect([waitMs >= 5_000, waitMs < 10_000]).toEqual([true, true]);
});

test.each(["58030", "XX000"])(
  "an event that the database never reads (%s) is tried by the schedule, ends dead with what it said, and its order goes on",
  async (code) => {
    const { desk, receiver } = await openWorld();
    const [bad] = await desk.record({ to: ["billing"], order: { key: "k", at: 1 } });
    const [next] = await desk.record({ to: ["billing"], order: { key: "k", at: 2 } });
    await poison(desk, bad!, code);
    const { gateway, attemptLines } = await startDeliveries(desk);
    await until(async () => {
      await desk.hurry();
      return (await desk.query("SELECT FROM holdfast.finished_delivery WHERE id = $1", [bad])).length === 1;
    });
    expect(await desk.finished(bad!)).toEqual({ state: "dead", reason: "attempts_exhausted", attempt: 3 });
    const detail = `the event could not be read: ${code}: not read`;
    const attempts = await desk.attempts(bad!);
    expect(attempts.map(({ outcome, detail: said, next_state }) => [outcome, said, next_state])).toEqual([
      ["transient", `read_failed: ${detail}`, "scheduled"],
      ["transient", `read_failed: ${detail}`, "scheduled"],
      ["transient", `read_failed: ${detail}`, "dead"],
    ]);
    expect(await desk.finished(next!)).toMatchObject({ state: "processed", attempt: 1 });
    expect(receiver.arrivals.length).toBe(1);
    await gateway.drain();
    const lines = attemptLines().filter((line) => line["delivery"] === toPublicId("dlv", bad!));
    expect(lines.map(({ level, detail: said, fault }) => [level, said, fault])).toEqual(
      Array.from({ length: 3 }, () => ["warn", detail, "read_failed"]),
    );
    // It says nothing about the destination.
    const [counted] = await desk.query("SELECT sum(failed)::int AS failed FROM holdfast.destination_health");
    expect(counted).toEqual({ failed: 0 });
  },
);

test("an event that is not read for now is tried again by the schedule, and holds up nothing", async () => {
  const { desk, receiver } = await openWorld();
  const [bad] = await desk.record({ to: ["billing"] });
  await poison(desk, bad!, "57014");
  const fine: string[] = [];
  for (let i = 0; i < 3; i++) fine.push(...(await desk.record({ to: ["billing"] })));
  await startDeliveries(desk);
  for (const id of fine) expect(await desk.finished(id)).toMatchObject({ state: "processed", attempt: 1 });
  expect(await desk.waiting(bad!, "scheduled")).toMatchObject({ attempt: 1 });
  await desk.query("DELETE FROM holdfast.poison");
  await until(async () => {
    await desk.hurry();
    return receiver.arrivals.length === 4;
  });
  expect(await desk.finished(bad!)).toMatchObject({ state: "processed", attempt: 2 });
});
