import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createAttempts } from "../../src/engine/attempts.ts";
import { createDatabaseClock } from "../../src/engine/database-clock.ts";
import { claim, readEvents } from "../../src/pipeline/claim.ts";
import type { StoredEvent } from "../../src/pipeline/leased-delivery.ts";
import type { WorkDeps } from "../../src/pipeline/work.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

const MIB = 1_048_576;
const SMALL = Buffer.from("{}");

test("a body longer than expected is read where there is room for it, and is left where it is where there is none", async () => {
  const desk = await openDesk();
  const destinations = { billing: { url: "http://127.0.0.1:9/" } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const bodies = [SMALL, randomBytes(MIB), randomBytes(MIB + 1), randomBytes(100)];
  for (const body of bodies) await desk.record({ to: ["billing"], body });
  const databaseClock = createDatabaseClock(desk.db, systemClock);
  await databaseClock.sync();
  const clocks = { clock: systemClock, databaseNow: () => databaseClock.now(), leaseMs: 60_000 };
  const deliveries = await claim(
    { db: desk.db, ...clocks, syncTime: () => null, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} },
    4,
  );
  const asked: number[] = [];
  const makeRoom = (_: unknown, bytes: number) => {
    asked.push(bytes);
    return bytes <= MIB ? "made" : "unread";
  };
  const read = await readEvents(
    { db: desk.db, clock: systemClock, recent: { take: () => null }, makeRoom },
    deliveries,
    1_000,
  );
  const sizes = read.map(({ event }) => (typeof event === "string" ? event : event.body.length));
  expect(sizes.toSorted()).toEqual([100, MIB, SMALL.length, "unread"].toSorted());
  expect(read.some(({ event }) => typeof event !== "string" && bodies[1]!.equals(event.body))).toBe(true);
  expect(asked.toSorted((a, b) => a - b)).toEqual([MIB, MIB + 1]);
});

test("large bodies arrive byte for byte, in one attempt each", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const bodies = [randomBytes(MIB), SMALL, randomBytes(2 * MIB)];
  const ids: string[] = [];
  for (const body of bodies) ids.push(...(await desk.record({ to: ["billing"], body })));
  await startDeliveries(desk);
  for (const id of ids) expect(await desk.finished(id)).toEqual({ state: "processed", reason: null, attempt: 1 });
  const arrived = receiver.arrivals.map(({ body }) => body.toString("latin1"));
  expect(arrived.toSorted()).toEqual(bodies.map((body) => body.toString("latin1")).toSorted());
});

function openAttempts() {
  let nowMs = 0;
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const options = { concurrency: 64, log, onRoom: () => {}, isShared: () => false };
  // Nobody knows the destination, and the answer to who asks for it never comes: what has begun stays under way.
  const catalog = { catalog: () => ({ findDestination: () => null }), refreshCatalog: () => new Promise(() => {}) };
  const attempts = createAttempts({ clock, ...catalog } as unknown as WorkDeps, options);
  const delivery = { destinationId: "app", priority: 2, lane: "" } as Parameters<typeof attempts.take>[0];
  const take = (bytes: number) => attempts.take(delivery, bytes);
  /** Begins an attempt with so long a body, if there is room for it. */
  const begin = (bytes: number): boolean => {
    const slot = take(65_536);
    if (!attempts.room.make(slot, bytes)) return false;
    attempts.add({ delivery, event: { body: { length: bytes } } as StoredEvent }, slot);
    return true;
  };
  return { attempts, take, begin, pass: (ms: number) => (nowMs += ms) };
}

test("what is under way and not old never takes more than 192 MiB: what is not read counts as expected, and a long one asks", () => {
  const { attempts, take, pass } = openAttempts();
  expect([attempts.look().free, attempts.room.expected()]).toEqual([64, 65_536]);
  const slots = Array.from({ length: 9 }, () => take(attempts.room.expected()));
  expect(slots.slice(1).map((slot) => attempts.room.make(slot, 22 * MIB))).toEqual([...Array(8).fill(true)]);
  expect(attempts.room.make(slots[0]!, 16 * MIB)).toBe(true);
  expect(attempts.room.make(take(0), 1)).toBe(false);
  expect(attempts.look().free).toBe(0);
  pass(10_000);
  expect(attempts.look().free).toBe(0);
});

test("large bodies that a destination does not answer to leave room for those of others, and never take more than 256 MiB", () => {
  const { attempts, begin, pass } = openAttempts();
  const large = 25 * MIB;
  const findSlow = () => attempts.slots.findSlow({ slots: 64, bytes: 192 * MIB }, () => true);
  expect(Array.from({ length: 8 }, () => begin(large))).toEqual([...Array(7).fill(true), false]);
  expect([attempts.look().free, findSlow()]).toEqual([0, null]);
  pass(1_000);
  expect(attempts.look().free).toBe(3);
  expect(findSlow()).toEqual({ destinationId: "app", share: 1 });
  // 175 MiB and three more: the next would go beyond the bound for all.
  expect([begin(large), begin(large), begin(large), begin(large)]).toEqual([true, true, true, false]);
  pass(1_000);
  // Not for another large one, however long they go on; for 52 small ones, which is all that the slots leave.
  expect([attempts.look().free, begin(large)]).toEqual([52, false]);
  expect(attempts.room.expected()).toBe(65_536);
});

test("the last 4 MiB are for bodies of 64 KiB at most: with the rest in old attempts a longer one waits, and is not expected", () => {
  const { attempts, begin, pass } = openAttempts();
  for (let i = 0; i < 12; i++) expect(begin(16 * MIB)).toBe(true);
  expect(attempts.room.isFilled(16 * MIB)).toBe(false);
  pass(1_000);
  for (let i = 0; i < 3; i++) expect(begin(16 * MIB)).toBe(true);
  // Of 240 MiB three are not old yet: they may end soon.
  expect([attempts.room.isFilled(16 * MIB), attempts.look().free]).toEqual([false, 0]);
  pass(1_000);
  expect([attempts.room.isFilled(16 * MIB), attempts.look().free]).toEqual([true, 49]);
  for (let i = 0; i < 3; i++) expect(begin(4 * MIB)).toBe(true);
  pass(1_000);
  expect([attempts.room.isFilled(65_537), begin(65_537)]).toEqual([true, false]);
  expect([attempts.room.isFilled(65_536), begin(65_536)]).toEqual([false, true]);
  expect(attempts.look().free).toBe(44);
});

/** A destination that neither reads nor answers until the test has it answer one. */
async function startSilent() {
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    waiting.push(() => void request.resume().once("end", () => response.writeHead(200).end()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, waiting };
}

test("large bodies that many destinations do not answer to, one each, leave others their room; what finds none waits at no cost", async () => {
  const desk = await openDesk();
  const [receiver, silent] = [await startReceiver(), await startSilent()];
  const names = Array.from({ length: 16 }, (_, i) => `silent-${i}`);
  const destinations = Object.fromEntries(names.map((name) => [name, { url: silent.url, timeoutMs: 60_000 }]));
  const { gateway } = await startDeliveries(desk, { destinations: { ...destinations, quick: { url: receiver.url } } });
  await gateway.drain();
  await desk.record({ to: names, body: Buffer.alloc(16 * MIB) });
  await startDeliveries(desk);
  await until(() => silent.waiting.length >= 15);
  for (let i = 0; i < 3; i++) {
    const [id] = await desk.record({ to: ["quick"] });
    expect(await desk.finished(id!)).toEqual({ state: "processed", reason: null, attempt: 1 });
  }
  // None of the others has ended by then.
  expect(await desk.query("SELECT FROM holdfast.attempt")).toHaveLength(3);
  const put = "SELECT attempt FROM holdfast.delivery WHERE state = 'scheduled'";
  await until(async () => (await desk.query(put)).length === 1);
  expect([await desk.query(put), silent.waiting.length]).toEqual([[{ attempt: 0 }], 15]);
  silent.waiting[0]!();
  await until(async () => {
    await desk.hurry();
    return silent.waiting.length === 16;
  });
});

test("the largest body of the last one to two seconds is expected next, and no source's limit", () => {
  const { attempts, take, pass } = openAttempts();
  const see = (bytes: number) => attempts.room.make(take(0), bytes);
  see(MIB);
  see(70_000);
  expect(attempts.room.expected()).toBe(MIB);
  pass(1_999);
  expect(attempts.room.expected()).toBe(MIB);
  see(80_000);
  pass(1_000);
  expect(attempts.room.expected()).toBe(80_000);
  pass(6_000);
  expect(attempts.room.expected()).toBe(65_536);
});
