import { expect, test } from "vitest";
import type { FairQueue } from "../../src/domain/fair-queue.ts";
import { VIRTUAL_TIME_START, createFairQueue } from "../../src/domain/fair-queue.ts";
import { NO_LIMITS } from "../../src/domain/gate.ts";
import { feed } from "../../src/pipeline/feed.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";

const NORMAL = 2;
const KEYS = ["a", "b", "c", "d"];
/** Where the service stands by now: what waits took its rank long before. */
const LATER = VIRTUAL_TIME_START + 1e9;

interface World {
  readonly desk: Desk;
  readonly ranks: FairQueue;
  feed(keys: readonly string[], concurrency?: number, ratePerSec?: number): Promise<void>;
  /** Who is ready, by order key or lane, in the order in which they are claimed. */
  ready(): Promise<string[]>;
}

async function openWorld(): Promise<World> {
  const desk = await openDesk();
  const destinations = { ledger: { url: "http://127.0.0.1:1/" } };
  const routes = [{ source: "payments", destination: "ledger", orderBy: "body:/account" }];
  await (await startDeliveries(desk, { destinations, routes })).gateway.drain();
  const [destination] = await desk.query<{ id: string }>("SELECT id FROM holdfast.destination");
  const ranks = createFairQueue();
  return {
    desk,
    ranks,
    feed: async (keys, concurrency, ratePerSec) => {
      const policy = { ...NO_LIMITS, concurrency: concurrency ?? null, ratePerSec: ratePerSec ?? null } as never;
      const fed = await desk.db.transaction(
        (tx) => feed(tx, { id: destination!.id, policy }, keys, { slowGates: 0, ranks }),
        5_000,
      );
      expect(fed).toMatchObject({ ok: true, value: { kind: "fed" } });
    },
    ready: async () =>
      (
        await desk.query<{ name: string }>(
          "SELECT coalesce(order_key, lane) AS name FROM holdfast.delivery WHERE state = 'ready' ORDER BY priority, rank",
        )
      ).map(({ name }) => name),
  };
}

test("the turns of a backlog from hours ago queue behind each other, and a quiet lane's fresh event before all but one", async () => {
  const { desk, ranks, ...world } = await openWorld();
  for (const key of KEYS) await desk.record({ to: ["ledger"], order: { key, at: 1 }, ranks });
  ranks.claimed(NORMAL, LATER);
  await world.feed(KEYS);
  await desk.record({ to: ["ledger"], lane: "quiet", ranks });
  await desk.record({ to: ["ledger"], lane: "default", ranks });
  const ready = await world.ready();
  expect(ready.length).toBe(6);
  expect(ready.slice(0, 3).toSorted()).toEqual(["a", "default", "quiet"]);
  expect(ready.slice(3)).toEqual(["b", "c", "d"]);
});

test("so do those that a gate lets out, in the order in which they waited there", async () => {
  const { desk, ranks, ...world } = await openWorld();
  for (const key of KEYS) await desk.record({ to: ["ledger"], order: { key, at: 1 }, ranks });
  ranks.claimed(NORMAL, LATER);
  await world.feed(KEYS, 3);
  await desk.record({ to: ["ledger"], lane: "quiet", ranks });
  const ready = await world.ready();
  expect(ready.slice(0, 2).toSorted()).toEqual(["a", "quiet"]);
  expect(ready.slice(2)).toEqual(["b", "c"]);
});

test("what has a rank of now keeps it: a lane that floods its gate stays behind itself", async () => {
  const { desk, ranks, ...world } = await openWorld();
  ranks.claimed(NORMAL, LATER);
  for (let i = 0; i < 3; i++)
    await desk.record({ to: ["ledger"], heldReason: "destination_gated", lane: "flood", ranks });
  await desk.record({ to: ["ledger"], heldReason: "destination_gated", lane: "quiet", ranks });
  const before = await desk.query("SELECT id, rank FROM holdfast.delivery ORDER BY id");
  await world.feed([], 10);
  expect(await desk.query("SELECT id, rank FROM holdfast.delivery ORDER BY id")).toEqual(before);
  expect((await world.ready()).slice(0, 2).toSorted()).toEqual(["flood", "quiet"]);
});

/** Deliveries at the gate, by their lanes, and the permits that are out. */
function atGate({ desk, ranks }: Pick<World, "desk" | "ranks">) {
  return {
    wait: async (lane: string, priority: number) => {
      await desk.record({ to: ["ledger"], lane, priority, heldReason: "destination_gated", ranks });
    },
    held: async () =>
      (
        await desk.query<{ lane: string }>(
          "SELECT lane FROM holdfast.delivery WHERE state = 'held' ORDER BY priority, rank, lane",
        )
      ).map(({ lane }) => lane),
    out: async () =>
      (await desk.query<{ out: number }>("SELECT count(*)::int AS out FROM holdfast.delivery WHERE permit"))[0]!.out,
  };
}

test("what is more urgent goes out in the place of what no worker has claimed, one for one, and of nothing that is claimed", async () => {
  const world = await openWorld();
  const { desk, ranks } = world;
  const { wait, held, out } = atGate(world);
  await wait("first", 3);
  await world.feed([], 3);
  const claimed =
    "UPDATE holdfast.delivery SET state = 'leased', lease = id, lease_until = now() + interval '1 hour', attempt = 1";
  await desk.query(`${claimed} WHERE state = 'ready'`);
  for (const lane of ["second", "third", "zuletzt"]) await wait(lane, 3);
  // Whoever is let out from now on has a rank of now, behind those that go on waiting.
  ranks.claimed(3, LATER);
  await world.feed([], 3);
  expect(await world.ready()).toEqual(["second", "third"]);

  await wait("critical", 0);
  await world.feed([], 3);
  expect([await world.ready(), await held()]).toEqual([
    ["critical", "second"],
    ["third", "zuletzt"],
  ]);
  await wait("high", 1);
  await wait("normal", 2);
  await world.feed([], 3);
  expect(await world.ready()).toEqual(["critical", "high"]);
  expect(await held()).toEqual(["normal", "second", "third", "zuletzt"]);
  expect(await out()).toBe(3);
});

test("such an exchange costs no token, and begins no attempt more", async () => {
  const world = await openWorld();
  const { wait, held, out } = atGate(world);
  await wait("low", 3);
  await world.feed([], undefined, 0.001);
  expect(await world.ready()).toEqual(["low"]);
  await world.desk.query("UPDATE holdfast.destination_gate SET tokens = 0, refilled_at = now()");
  await wait("critical", 0);
  await world.feed([], undefined, 0.001);
  expect([await world.ready(), await held(), await out()]).toEqual([["critical"], ["low"], 1]);
});

test("where more permits are out than there are places, an exchange gives no more than there are", async () => {
  const world = await openWorld();
  const { wait, held, out } = atGate(world);
  for (const lane of ["a", "b", "c"]) await wait(lane, 3);
  await world.feed([], 3);
  await wait("critical", 0);
  const outs: number[] = [];
  for (let round = 0; round < 3; round++) {
    await world.feed([], 1);
    outs.push(await out());
  }
  expect([outs, await world.ready(), await held()]).toEqual([[2, 1, 1], ["critical"], ["a", "b", "c"]]);
});
