import { expect, onTestFinished, test } from "vitest";
import { claim, readEvents } from "../../src/pipeline/claim.ts";
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
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
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
async function readAll(desk: Desk, count: number, statementTimeoutMs = 10_000): Promise<Record<string, string>> {
  const db = openTestPool(desk.database, 1, { statementTimeoutMs });
  onTestFinished(() => db.close());
  const deps = { db, clock: systemClock, databaseNow: () => new Date(), leaseMs: 600_000 };
  const claimed = await claim(
    { ...deps, syncTime: () => null, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} },
    count,
  );
  const read = await readEvents({ ...deps, recent: { take: () => null }, makeRoom: () => true }, claimed, 1_000);
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
  expect(await readAll(desk, 2, 500)).toEqual({ [fine!]: "read", [stuck!]: "failed" });
});

test("where the database shuts down, nothing is said of any of them", async () => {
  const { desk } = await openWorld();
  const [one] = await desk.record({ to: ["billing"] });
  const [other] = await desk.record({ to: ["billing"] });
  await poison(desk, one!, "57P01");
  expect(await readAll(desk, 2)).toEqual({ [one!]: "unread", [other!]: "unread" });
});

test("an event that is not read for now waits some seconds, at no cost, and holds up nothing", async () => {
  const { desk, receiver } = await openWorld();
  const [bad] = await desk.record({ to: ["billing"] });
  await poison(desk, bad!, "57014");
  const fine: string[] = [];
  for (let i = 0; i < 3; i++) fine.push(...(await desk.record({ to: ["billing"] })));
  await startDeliveries(desk);
  for (const id of fine) expect(await desk.finished(id)).toMatchObject({ state: "processed", attempt: 1 });
  expect(await desk.waiting(bad!, "scheduled")).toMatchObject({ attempt: 0 });
  await desk.query("DELETE FROM holdfast.poison");
  await until(async () => {
    await desk.hurry();
    return receiver.arrivals.length === 4;
  });
  expect(await desk.finished(bad!)).toMatchObject({ state: "processed", attempt: 1 });
});
