import { expect, onTestFinished, test } from "vitest";
import type { Feeder } from "../../src/engine/caretakers/feeder.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { startFeeder } from "../../src/engine/caretakers/feeder.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Log } from "../../src/platform/log.ts";
import type { Database } from "../../src/store/database.ts";
import { findFreeKeys } from "../../src/store/gates/give-turns.ts";
import { listGates } from "../../src/store/gates/list-gates.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { destinationRow } from "../support/catalog-rows.ts";
import { copyDelivery } from "../support/many-deliveries.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";

interface Bench {
  readonly desk: Desk;
  /** The ids of the destinations, by name. */
  readonly ids: ReadonlyMap<string, string>;
  readonly warnings: Record<string, unknown>[];
  /** Records one event for each of these destinations, first of the line of its key `k`, whose turn nobody has given yet. */
  line(...names: readonly string[]): Promise<void>;
  /** Waits until it has its turn. */
  served(name: string): Promise<void>;
  /** @param more what else the feeder is given, or in place of its own */
  start(db: Database, clock?: Clock, more?: object): Feeder;
}

/** A database with ordered destinations of these names, in this order, and no gateway. */
async function openBench(...names: readonly string[]): Promise<Bench> {
  const desk = await openDesk();
  const destinations = Object.fromEntries(names.map((name) => [name, { url: "http://127.0.0.1:1/" }]));
  const routes = names.map((destination) => ({ source: "payments", destination, orderBy: "body:/account" }));
  await (await startDeliveries(desk, { destinations, routes })).gateway.drain();
  const rows = await desk.query<{ id: string; name: string }>("SELECT id, name FROM holdfast.destination");
  const ids = new Map(names.map((name) => [name, rows.find((row) => row.name === name)!.id]));
  const warnings: Record<string, unknown>[] = [];
  const note = (fields: object, text: string) => void warnings.push({ ...fields, text });
  const log: Log = { debug: () => {}, info: () => {}, warn: note, error: note };
  const catalog = indexCatalog({
    version: 1,
    sources: [],
    destinations: [...ids].map(([name, id]) => destinationRow(name, { id })),
    routes: [],
    throttles: [],
  });
  const ranks = createFairQueue();
  const deps = { catalog: () => catalog, ranks, log, onReady: () => {} };
  return {
    desk,
    ids,
    warnings,
    line: async (...to) => {
      for (const name of to) await desk.record({ to: [name], order: { key: "k", at: 1 } });
    },
    served: (name) =>
      until(async () => {
        const of = "SELECT FROM holdfast.delivery WHERE destination_id = $1 AND state = 'ready'";
        return (await desk.query(of, [ids.get(name)])).length === 1;
      }),
    start: (db, clock = systemClock, more = {}) => {
      const feeder = startFeeder({ ...deps, db, clock, ...more });
      onTestFinished(() => feeder.stop());
      return feeder;
    },
  };
}

/** The same database with another answer to some statements; null: its own. */
function answering(
  db: Database,
  answer: (name: string, values: readonly unknown[]) => Promise<never> | null,
): Database {
  const run: Queryable["run"] = (statement, values) => answer(statement.name, values) ?? db.run(statement, values);
  return { ...db, run };
}

const timedOut = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("canceling statement due to statement timeout"), { code: "57014" }));

test("a look for order keys that fails at one destination lets the others go on, and is taken less often", async () => {
  const { desk, ids, line, served, start, warnings } = await openBench("bad", "good");
  await line("bad", "good");
  let looks = 0;
  let rounds = 0;
  const db = answering(desk.db, (name, [id]) => {
    if (name === listGates.name) rounds++;
    if (name !== findFreeKeys.name || id !== ids.get("bad")) return null;
    looks++;
    return timedOut();
  });
  let nowMs = 0;
  const feeder = start(db, { now: () => new Date(nowMs), monotonicMs: () => nowMs });
  await served("good");
  // What is hinted at goes on as well.
  feeder.hint(ids.get("bad")!, "k");
  await served("bad");
  const pass = async (ms: number): Promise<number> => {
    nowMs += ms;
    const before = rounds;
    await until(() => {
      feeder.look();
      return rounds > before + 2;
    });
    return looks;
  };
  expect([await pass(999), await pass(1), await pass(999), await pass(1)]).toEqual([1, 2, 2, 3]);
  expect(warnings[0]).toMatchObject({ destinations: ["bad"], error: "canceling statement due to statement timeout" });
});

test("a destination that cannot be fed holds up no other, and what was hinted at there is kept", async () => {
  const bad = ["bad1", "bad2", "bad3", "bad4", "bad5"];
  const { desk, ids, line, served, start, warnings } = await openBench(...bad, "good");
  await line(...bad, "good");
  await desk.query(
    "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$",
  );
  const some = bad.map((name) => `'${ids.get(name)}'`).join();
  await desk.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON holdfast.delivery FOR EACH ROW
       WHEN (OLD.destination_id IN (${some})) EXECUTE FUNCTION public.refuse()`,
  );
  let isBlind = false;
  const db = answering(desk.db, (name) =>
    isBlind && name === listGates.name ? (Promise.resolve({ rows: [] }) as Promise<never>) : null,
  );
  start(db);
  await served("good");
  await until(() => new Set(warnings.flatMap(({ destinations }) => destinations)).size === bad.length);
  expect(warnings[0]).toMatchObject({ error: "refused" });
  // From here on nothing but the hints can tell of them.
  isBlind = true;
  await desk.query("DROP TRIGGER refuse ON holdfast.delivery");
  for (const name of bad) await served(name);
});

test("a connection that is lost ends the round, and what was hinted at is kept", async () => {
  const names = ["one", "two", "three", "four"];
  const { desk, ids, line, served, start, warnings } = await openBench(...names);
  await line(...names);
  let asked = 0;
  const transaction: Database["transaction"] = async (...given) => {
    asked++;
    if (warnings.length === 0) return { ok: false, unknown: false, code: null, message: "the connection is lost" };
    return desk.db.transaction(...given);
  };
  const blind = answering(desk.db, (name) =>
    name === listGates.name ? (Promise.resolve({ rows: [] }) as Promise<never>) : null,
  );
  const feeder = start({ ...blind, transaction });
  for (const name of names) feeder.hint(ids.get(name)!, "k");
  await until(() => warnings.length > 0);
  expect(asked).toBe(3);
  expect(warnings[0]).toMatchObject({ text: "a round failed; it is tried again", error: "the connection is lost" });
  for (const name of names) await served(name);
});

test("of very many order keys some are looked at each time, and the one that is free is found where they go on", async () => {
  const { desk, ids, line, served, start } = await openBench("billing");
  await line("billing");
  // Its own key sorts after all of theirs, and each of theirs has one delivery that waits and one whose turn it is.
  await desk.query("UPDATE holdfast.delivery SET order_key = 'z'");
  await desk.query(
    `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state,
       attempt, refusals, held_reason, due_at, order_key, order_at)
     SELECT d.bucket, n.id, d.tenant, d.event_id, d.destination_id, n.id, d.trigger, d.priority, d.lane, d.rank,
            CASE WHEN w.waits THEN 'held' ELSE 'scheduled' END, 0, 0, CASE WHEN w.waits THEN 'ordered' END,
            CASE WHEN w.waits THEN NULL ELSE now() + interval '1 hour' END, 'k' || lpad(i::text, 5, '0'), i
       FROM holdfast.delivery d
       CROSS JOIN generate_series(1, 2500) AS i
       CROSS JOIN (VALUES (true), (false)) AS w(waits)
       CROSS JOIN LATERAL (
         SELECT overlay(d.id::text PLACING lpad(to_hex(2 * i + w.waits::int), 12, '0') FROM 25)::uuid AS id) n`,
  );
  const looks: [from: unknown, rows: number | string][] = [];
  const run: Queryable["run"] = async (statement, values) => {
    if (statement.name !== findFreeKeys.name) return desk.db.run(statement, values);
    // Where a look fails, the next one begins there again.
    if (looks.length === 1) return (looks.push([values[1], "failed"]), timedOut());
    const found = await desk.db.run(statement, values);
    looks.push([values[1], found.rows.length]);
    return found;
  };
  start({ ...desk.db, run });
  await served("billing");
  expect(looks.slice(0, 3)).toEqual([
    ["", 2_000],
    ["k02000", "failed"],
    ["k02000", 502],
  ]);
  const turns = "SELECT order_key FROM holdfast.delivery WHERE destination_id = $1 AND state = 'ready'";
  expect(await desk.query(turns, [ids.get("billing")])).toEqual([{ order_key: "z" }]);
  // From the first one again.
  await until(() => looks.length > 3);
  expect(looks[3]).toEqual(["", 2_000]);
});

test("processes that know the database's time differently let out no more together than one that knows it", async () => {
  const { desk, ids, start } = await openBench("limited");
  const policy = { ...destinationRow("limited").policy, ratePerSec: 1, burst: 20 };
  const destinations = [destinationRow("limited", { id: ids.get("limited")!, policy })];
  const index = indexCatalog({ version: 1, sources: [], destinations, routes: [], throttles: [] });
  const [id] = await desk.record({ to: ["limited"], heldReason: "destination_gated" });
  await copyDelivery(desk, id!, 199);
  await desk.query("UPDATE holdfast.destination_gate SET tokens = 20, refilled_at = now()");
  const [from] = await desk.query<{ at: string }>("SELECT refilled_at::text AS at FROM holdfast.destination_gate");
  // As the engine gives it to all that it starts.
  const feeders = [0, 60_000].map((lateMs) =>
    start(desk.db, systemClock, { catalog: () => index, databaseNow: () => new Date(Date.now() - lateMs) }),
  );
  const count = async (): Promise<{ out: number; sec: number }> => {
    const [{ out }] = (await desk.query("SELECT count(*)::int AS out FROM holdfast.delivery WHERE permit")) as [
      { out: number },
    ];
    const [{ sec }] = (await desk.query(
      "SELECT extract(epoch FROM clock_timestamp() - $1::timestamptz)::float8 AS sec",
      [from!.at],
    )) as [{ sec: number }];
    return { out, sec };
  };
  const claimed =
    "UPDATE holdfast.delivery SET state = 'leased', lease = id, lease_until = now() + interval '1 hour', attempt = 1";
  let now = await count();
  await until(async () => {
    for (const feeder of feeders) feeder.look();
    await desk.query(`${claimed} WHERE state = 'ready'`);
    now = await count();
    expect(now.out).toBeLessThanOrEqual(20 + now.sec);
    return now.sec >= 1 && now.out > 20;
  });
});

test("behind what waits for a worker no more gathers than may begin at once, however long that is", async () => {
  const { desk, ids, start } = await openBench("limited");
  const policy = { ...destinationRow("limited").policy, ratePerSec: 5 };
  const destinations = [destinationRow("limited", { id: ids.get("limited")!, policy })];
  const index = indexCatalog({ version: 1, sources: [], destinations, routes: [], throttles: [] });
  const [id] = await desk.record({ to: ["limited"], heldReason: "destination_gated" });
  await copyDelivery(desk, id!, 49);
  const feeder = start(desk.db, systemClock, { catalog: () => index });
  const out = async (): Promise<number> => (await desk.query("SELECT FROM holdfast.delivery WHERE permit")).length;
  await until(async () => (await out()) === 5);
  // Ten minutes in which more urgent work took all slots.
  await desk.query("UPDATE holdfast.destination_gate SET refilled_at = now() - interval '10 minutes'");
  await until(async () => {
    feeder.look();
    const written = "SELECT FROM holdfast.destination_gate WHERE refilled_at > now() - interval '5 minutes'";
    return (await desk.query(written)).length === 1;
  });
  expect(await out()).toBe(5);
});
