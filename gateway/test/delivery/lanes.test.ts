import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { heldLane } from "../../src/domain/lane.ts";
import { openVirtualTime } from "../../src/engine/virtual-time.ts";
import { stage } from "../../src/pipeline/stage.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { noteClaims } from "../support/noted-claims.ts";
import type { Receiver } from "../support/receiver.ts";
import { startReceiver } from "../support/receiver.ts";

const SLOTS = 4;

interface World {
  readonly desk: Desk;
  readonly receiver: Receiver;
  record(lane: string, count: number, more?: object): Promise<string[]>;
}

/** A destination that is declared while nobody delivers, so that what is recorded waits. */
async function openWorld(): Promise<World> {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  return {
    desk,
    receiver,
    record: async (lane, count, more = {}) => {
      const ids: string[] = [];
      for (let i = 0; i < count; i++)
        ids.push(...(await desk.record({ to: ["billing"], lane, body: Buffer.from(lane), ...more })));
      return ids;
    },
  };
}

/** Delivers all of it. Gives the ids in the order in which they were claimed, and their bodies. */
async function deliverAll({ desk, receiver }: World, total: number): Promise<{ ids: string[]; order: string[] }> {
  const claims = await noteClaims(desk);
  await startDeliveries(desk, { worker: { concurrency: SLOTS } });
  await until(() => receiver.arrivals.length === total);
  const rows = await desk.query<{ id: string; body: string }>(
    `SELECT d.id, convert_from(e.body, 'UTF8') AS body
       FROM (SELECT id, event_id FROM holdfast.delivery
             UNION ALL SELECT id, event_id FROM holdfast.finished_delivery) d
       JOIN holdfast.event e ON e.id = d.event_id`,
  );
  const bodies = new Map(rows.map(({ id, body }) => [id, body]));
  const ids = await claims();
  return { ids, order: ids.map((id) => bodies.get(id)!) };
}

test("a lane that floods waits behind itself: what came after it in quiet lanes goes first", async () => {
  const world = await openWorld();
  const ranks = createFairQueue();
  await world.record("flood", 60, { ranks });
  for (const lane of ["quiet-1", "quiet-2", "quiet-3"]) await world.record(lane, 3, { ranks });
  const { order } = await deliverAll(world, 69);
  // Three rounds of four lanes; those of one claim are noted in any order.
  const quiet = order.filter((lane) => lane !== "flood").length;
  expect(order.slice(0, 12 + SLOTS).filter((lane) => lane !== "flood").length).toBe(quiet);
});

test("within a lane the order is kept, and a weight of 3 is served three times as often", async () => {
  const world = await openWorld();
  const ranks = createFairQueue();
  const weighted = { next: (priority: number, lane: string) => ranks.next(priority, lane, lane === "heavy" ? 3 : 1) };
  await world.record("light", 20, { ranks: weighted });
  await world.record("heavy", 30, { ranks: weighted });
  const claimed = await world.desk.query<{ lane: string }>(
    "SELECT lane FROM holdfast.delivery WHERE state = 'ready' ORDER BY priority, rank",
  );
  expect(claimed.slice(0, 24).filter(({ lane }) => lane === "heavy").length).toBe(18);
  const { order } = await deliverAll(world, 50);
  const heavy = order.slice(0, 24 + SLOTS).filter((lane) => lane === "heavy").length;
  expect(heavy).toBeGreaterThanOrEqual(18 - SLOTS);
  expect(heavy).toBeLessThanOrEqual(18 + SLOTS);
});

test("a backlog of retries that are due at once waits behind itself, and what is fresh goes first", async () => {
  const world = await openWorld();
  const ranks = createFairQueue();
  const retries = await world.record("noisy", 40, { ranks: createFairQueue(), body: Buffer.from("retry") });
  await world.desk.query(
    "UPDATE holdfast.delivery SET state = 'scheduled', due_at = now() - interval '1 minute', attempt = 1 WHERE id = ANY($1)",
    [retries],
  );
  const staged = await world.desk.db.transaction(
    (tx) => stage({ ranks, heldReasonOf: () => null }, tx, new Date(), 100),
    5_000,
  );
  expect(staged).toMatchObject({ ok: true, value: 40 });
  await world.record("noisy", 5, { ranks, body: Buffer.from("fresh") });
  await world.record("other", 5, { ranks, body: Buffer.from("fresh") });
  const { order } = await deliverAll(world, 50);
  expect(order.slice(0, 15 + SLOTS + 5).filter((kind) => kind === "fresh").length).toBe(10);
});

test("what a pause has gathered goes before nothing that is fresh when it ends, and goes out in its order", async () => {
  const world = await openWorld();
  const { desk } = world;
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  const gathered = await world.record("default", 30, {
    ranks,
    body: Buffer.from("gathered"),
    heldReason: "destination_paused",
  });
  // The service went on meanwhile, for others.
  for (let i = 0; i < 1_000; i++) ranks.claimed(2, ranks.next(2, "others"));
  await ranks.stop();
  await world.record("fresh", 10, { ranks });
  // The releaser finds its destination active.
  const { ids, order } = await deliverAll(world, 40);
  // What is let go while some of the fresh ones wait shares with them from then on: before each of them go at most as many as
  // fresh ones did, one more where both stand at the head, and what is claimed with it. With its ranks of back then all of it
  // would go before them, however fast the machine is.
  const fresh = order.flatMap((body, place) => (body === "fresh" ? [place] : []));
  expect(fresh).toHaveLength(10);
  for (const [i, place] of fresh.entries()) expect(place - i).toBeLessThanOrEqual(i + 1 + SLOTS);
  const positions = ids.map((id) => gathered.indexOf(id)).filter((place) => place >= 0);
  expect(positions).toHaveLength(30);
  for (const [i, position] of positions.entries()) expect(Math.abs(position - i)).toBeLessThan(2 * SLOTS);
});

test("a retry that is due now is queued with the next batch, however much has been due for longer", async () => {
  const { desk, record } = await openWorld();
  const now = new Date();
  const dueSince = (ms: number, ids: readonly string[]) =>
    desk.query("UPDATE holdfast.delivery SET state = 'scheduled', due_at = $2 WHERE id = ANY($1)", [
      ids,
      new Date(now.getTime() - ms),
    ]);
  await dueSince(7_200_000, await record("released", 30));
  const retries = await record("retried", 3);
  await dueSince(59_000, retries);
  const ranks = createFairQueue();
  const stageSome = () => desk.db.transaction((tx) => stage({ ranks, heldReasonOf: () => null }, tx, now, 20), 5_000);
  const ready = async () =>
    (await desk.query<{ id: string }>("SELECT id FROM holdfast.delivery WHERE state = 'ready'")).map(({ id }) => id);
  expect(await stageSome()).toMatchObject({ ok: true, value: 13 });
  expect(await ready()).toEqual(expect.arrayContaining(retries));
  // And what is not taken up by them is the others'.
  expect(await stageSome()).toMatchObject({ ok: true, value: 10 });
  expect(await stageSome()).toMatchObject({ ok: true, value: 10 });
  expect(await stageSome()).toMatchObject({ ok: true, value: 0 });
});

test("processes know of each other's lanes, and so does one that starts later", async () => {
  const desk = await openDesk();
  const open = () => openVirtualTime({ db: desk.db, log: silentLog });
  const [one, two] = [await open(), await open()];
  // From here on they tell and hear when the test says so: a look under way would have taken what is to be told.
  for (const each of [one, two]) await each.stop();
  for (let i = 0; i < 50; i++) one.next(2, "flood");
  for (let i = 0; i < 30; i++) two.next(2, "flood");
  one.claimed(2, one.next(2, "seen"));
  await one.sync();
  await two.sync();
  await one.sync();
  const idle = two.next(2, "idle");
  const behind = one.next(2, "flood");
  // Both have added to it: neither begins where it left off alone.
  expect(behind - idle).toBeGreaterThanOrEqual(80 * 1_000 - 1);
  expect(two.next(2, "flood")).toBeGreaterThanOrEqual(behind);
  await one.sync();
  await two.sync();
  const after = await open();
  expect(after.next(2, "flood")).toBeGreaterThanOrEqual(behind);
  expect(after.next(2, "idle-too")).toBeGreaterThanOrEqual(idle);
  await after.stop();
});

test("the table of lanes holds those that are ahead, and forgets them once the service has caught up", async () => {
  const desk = await openDesk();
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  let last = 0;
  for (let i = 0; i < 50; i++) last = ranks.next(1, "flood");
  for (let i = 0; i < 5; i++) ranks.next(1, "quiet");
  await ranks.sync();
  const lanes = () => desk.query<{ lane: string }>("SELECT lane FROM holdfast.lane_tag");
  expect(await lanes()).toEqual([{ lane: "flood" }]);
  ranks.claimed(1, last + 1_000);
  await until(async () => {
    await ranks.sync();
    return (await lanes()).length === 0;
  });
  await ranks.stop();
});

test("a lane whose backlog was held begins anew, and one whose backlog waits stays where it is", async () => {
  const world = await openWorld();
  const { desk } = world;
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  // From here on it looks when the test says so: a look under way could put a lane back before anybody is told of it.
  await ranks.stop();
  const start = ranks.next(2, "fresh");
  // What the lanes that wait have queued last.
  const last = { ranks: { next: () => start + 2_999_000 } };
  await world.record("waits", 1, last);
  const [retry] = await world.record("waits", 1, last);
  await desk.query("UPDATE holdfast.delivery SET attempt = 1, ready_at = now() WHERE id = $1", [retry]);
  for (let i = 0; i < 3_000; i++) for (const lane of ["held", "waits", "retry:waits"]) ranks.next(2, lane);
  await until(async () => {
    await ranks.sync();
    return ranks.next(2, "held") - start < 1_000_000;
  });
  expect(ranks.next(2, "waits") - start).toBeGreaterThanOrEqual(3_000_000);
  expect(ranks.next(2, "retry:waits") - start).toBeGreaterThanOrEqual(3_000_000);
  const told = await desk.query<{ tag: number }>("SELECT tag FROM holdfast.lane_tag WHERE lane = 'held'");
  expect(told).toHaveLength(1);
  expect(told[0]!.tag - start).toBeLessThan(1_000_000);
});

test("so does one beside many lanes whose deliveries are held, and which are further ahead", async () => {
  const desk = await openDesk();
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  const start = ranks.next(2, "fresh");
  const held = Array.from({ length: 20 }, () => heldLane(randomUUID(), "default"));
  for (const lane of held) for (let i = 0; i < 3_000; i++) ranks.next(2, lane);
  for (let i = 0; i < 2_000; i++) ranks.next(2, "gone");
  // Every fifth look is one back. Not until it is so: each place that is asked for moves the lane on, past the others in the end.
  for (let i = 0; i < 20; i++) await ranks.sync();
  expect(ranks.next(2, "gone") - start).toBeLessThan(1_000_000);
  await ranks.stop();
});

test("a restart that finds no database says so, and one that loses it later goes on by what it knew", async () => {
  const failing = { run: () => Promise.reject(new Error("gone")) };
  await expect(openVirtualTime({ db: failing, log: silentLog })).rejects.toThrow("gone");
  const desk = await openDesk();
  let isAway = false;
  const db = { run: ((...asked) => (isAway ? failing.run() : desk.db.run(...asked))) as typeof desk.db.run };
  const ranks = await openVirtualTime({ db, log: silentLog });
  for (let i = 0; i < 40; i++) ranks.next(2, "flood");
  isAway = true;
  await expect(ranks.sync()).rejects.toThrow("gone");
  const next = ranks.next(2, "flood");
  isAway = false;
  await ranks.sync();
  const [row] = await desk.query<{ tag: number }>("SELECT tag FROM holdfast.lane_tag WHERE lane = 'flood'");
  expect(row!.tag).toBe(next + 1_000);
  await ranks.stop();
});
