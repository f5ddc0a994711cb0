import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { parsePublicId } from "../../src/domain/id.ts";
import { createDatabaseClock } from "../../src/engine/database-clock.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { replay } from "../../src/recovery/replay.ts";
import { createEndedRound, createSparingSettler } from "../../src/recovery/settle-replays.ts";
import type { Database } from "../../src/store/database.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import type { ReplayGateway } from "../support/replay-desk.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";
import { makeRoom, replayer } from "../support/replayer.ts";

/** As many as one round goes through. */
const ROUND = 10;
const MINUTE_MS = 60_000;

/** One more processed event than a round has turns, and no worker: nobody but the test goes on with anything. */
async function crowd() {
  const desk = await openDesk();
  const service = await openService();
  const destinations = { billing: { url: service.url } };
  const worker = await startReplayGateway(desk, { destinations });
  for (let i = 0; i <= ROUND; i++) expect(await worker.post(`evt_${i}`)).toBe(200);
  await settled(desk);
  const { items } = (await worker.call("GET", "/events")).body as { items: { id: string }[] };
  expect(items).toHaveLength(ROUND + 1);
  await worker.stop();
  const gateway = await startReplayGateway(desk, { destinations, roles: ["admin"] });
  // A tick for each look at the time, so that no two leases end at the same moment.
  let nowMs = Date.now();
  const deps = { ...(await replayer(desk.db)), leaseMs: 60_000, databaseNow: () => new Date(nowMs++) };
  return { desk, gateway, deps, events: items.map(({ id }) => id) };
}

/** Runs a replay of one event. @returns its id */
async function runOf(gateway: ReplayGateway, event: string): Promise<string> {
  const wish = { ids: [event], again: true, trustRecorded: true };
  const { token } = (await gateway.call("POST", "/replays", wish)).body;
  const { status, body } = await gateway.call("POST", "/replays/run", { token });
  expect([status, body["state"]], JSON.stringify(body)).toEqual([200, "running"]);
  return String(body["id"]);
}

it("goes on with a replay whose lease was written while a clock was ahead, however many others run, and with none that another has", async () => {
  const { desk, gateway, deps, events } = await crowd();
  const [event, ...others] = events;
  for (const other of others) await runOf(gateway, other);
  await replay(deps);
  const id = parsePublicId("rpl", await runOf(gateway, event!));
  const another = randomUUID();
  // By the replayer's time, which stands still between its looks: after a minute now() and nine more are far ahead of it.
  const leaseFor = async (spanMs: number) => {
    const text = "UPDATE holdfast.replay SET lease = $2, lease_until = $3 WHERE id = $1";
    await desk.query(text, [id, another, new Date(deps.databaseNow().getTime() + spanMs)]);
    await replay(deps);
    return (await desk.query<{ lease: string }>("SELECT lease FROM holdfast.replay WHERE id = $1", [id]))[0]?.lease;
  };
  expect(await leaseFor(9 * MINUTE_MS)).toBe(another);
  expect(await leaseFor(30 * 1_440 * MINUTE_MS)).toBe(deps.lease);
});

it("takes no replay from a living worker after a sleep that its monotonic clock has not counted", async () => {
  const { desk, gateway, deps, events } = await crowd();
  let sleptMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() - sleptMs };
  const databaseClock = createDatabaseClock(desk.db, clock);
  await databaseClock.sync();
  const sleeper = { ...deps, databaseNow: () => databaseClock.now(), syncTime: () => databaseClock.catchUp() };
  const id = parsePublicId("rpl", await runOf(gateway, events[0]!));
  const another = randomUUID();
  const live = "UPDATE holdfast.replay SET lease = $2, lease_until = now() + interval '1 minute' WHERE id = $1";
  await desk.query(live, [id, another]);
  sleptMs = 1_200_000;
  await replay(sleeper);
  expect(await desk.query("SELECT lease FROM holdfast.replay WHERE id = $1", [id])).toEqual([{ lease: another }]);
});

const pause = (desk: Desk) =>
  desk.query(`UPDATE holdfast.delivery SET state = 'held', held_reason = 'destination_paused' WHERE state = 'ready'`);

it("gives a replay its turns however many wait for a paused destination", async () => {
  const { desk, gateway, deps, events } = await crowd();
  const [last, ...first] = events;
  for (const event of first) await runOf(gateway, event);
  await replay(deps);
  await pause(desk);
  const id = await runOf(gateway, last!);
  for (let round = 0; round < 5; round++) {
    await replay(deps);
    await makeRoom(desk);
  }
  expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
    state: "completed",
    summary: { events_scanned: 1, replayed: 1, processed: 1, integrity_check: "pass" },
  });
  expect(await desk.query("SELECT count(*)::int AS running FROM holdfast.replay WHERE state = 'running'")).toEqual([
    { running: ROUND },
  ]);
});

/** Cancels replays whose deliveries were tried, and wait for their retries. */
const cancelTried = (desk: Desk, ids: readonly string[]) =>
  desk.query(
    `WITH tried AS (
       UPDATE holdfast.delivery d SET state = 'scheduled', attempt = 1, due_at = now() + interval '1 hour', held_reason = NULL
         FROM holdfast.replay_item i WHERE i.delivery_id = d.id AND i.replay_id = ANY($1::uuid[]))
     UPDATE holdfast.replay SET state = 'cancelled', ended_at = now(), ended_by = 'ann', lease = NULL, lease_until = NULL
      WHERE id = ANY($1::uuid[])`,
    [ids.map((id) => parsePublicId("rpl", id))],
  );

it.each([
  ["go on", async () => {}],
  ["were cancelled, and wait for retries of what was tried", cancelTried],
])("takes back what a cancelled replay queued, however many newer ones %s", async (_words, befall) => {
  const { desk, gateway, deps, events } = await crowd();
  const [event, ...later] = events;
  const id = await runOf(gateway, event!);
  await replay(deps);
  await pause(desk);
  const others = [];
  for (const other of later) others.push(await runOf(gateway, other));
  while ((await replay(deps)).more) await pause(desk);
  await befall(desk, others);
  await gateway.call("POST", `/replays/${id}/cancel`, {});
  await createEndedRound(deps)();
  expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
    state: "cancelled",
    summary: { replayed: 0, still_waiting: 0, integrity_check: "pass" },
    notReplayed: { withdrawn: 1 },
  });
  expect(await desk.query("SELECT id FROM holdfast.delivery")).toHaveLength(ROUND);
});

it("writes down what became of an old cancelled replay's deliveries, however many newer ones wait for retries", async () => {
  const { desk, gateway, deps, events } = await crowd();
  const ids: string[] = [];
  for (const event of events) ids.push(await runOf(gateway, event));
  while ((await replay(deps)).more) await pause(desk);
  await cancelTried(desk, ids);
  const settle = createEndedRound(deps);
  for (const id of [ids[0]!, ids.at(-1)!]) {
    await desk.query(
      `UPDATE holdfast.delivery d SET state = 'ready', due_at = NULL FROM holdfast.replay_item i
        WHERE i.delivery_id = d.id AND i.replay_id = $1`,
      [parsePublicId("rpl", id)],
    );
    await makeRoom(desk);
    await settle();
    await settle();
    expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
      state: "cancelled",
      summary: { replayed: 1, processed: 1, still_waiting: 0 },
    });
  }
});

it("an ended replay that cannot be settled keeps no other from it, and is named", async () => {
  const { desk, gateway, deps, events } = await crowd();
  const [first, second] = [await runOf(gateway, events[0]!), await runOf(gateway, events[1]!)];
  while ((await replay(deps)).more) await pause(desk);
  await cancelTried(desk, [first, second]);
  await desk.query("UPDATE holdfast.delivery SET state = 'ready', due_at = NULL");
  await makeRoom(desk);
  const failing: Database = {
    ...desk.db,
    run: (statement, values) =>
      statement.name === "settle_replay_items" && values[0] === parsePublicId("rpl", first)
        ? Promise.reject(new Error("too slow"))
        : desk.db.run(statement, values),
  };
  await expect(createEndedRound({ db: failing })()).rejects.toThrow(`${first}: too slow`);
  expect((await gateway.call("GET", `/replays/${second}`)).body).toMatchObject({ summary: { processed: 1 } });
});

it("looks through what a running replay has queued now and then, by how long that takes, and always before its end", async () => {
  const { desk, gateway, deps, events } = await crowd();
  let [nowMs, looks] = [0, 0];
  const db: Database = {
    ...desk.db,
    run: async (statement, values) => {
      if (statement.name === "settle_replay_items") {
        looks++;
        nowMs += 100;
      }
      return await desk.db.run(statement, values);
    },
  };
  const own = { ...deps, db, settler: createSparingSettler({ db, clock: { monotonicMs: () => nowMs } }) };
  const id = await runOf(gateway, events[0]!);
  for (let round = 0; round < 5; round++) await replay(own);
  expect(looks).toBe(1);
  nowMs += 500;
  for (let round = 0; round < 5; round++) await replay(own);
  expect(looks).toBe(2);
  await makeRoom(desk);
  await replay(own);
  expect(looks).toBe(3);
  expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
    state: "completed",
    summary: { replayed: 1, processed: 1, still_waiting: 0 },
  });
});
