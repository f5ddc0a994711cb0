import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createApart } from "../../src/engine/caretakers/apart.ts";
import { gateSlow, keepGates } from "../../src/engine/caretakers/gatekeeper.ts";
import { createHealth } from "../../src/engine/health.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

const START = new Date("2026-11-21T12:00:10Z").getTime();
const GOOD: Outcome = { kind: "completed" };
const BAD: Outcome = { kind: "answered", status: 503, retryAfterMs: null };

/** A desk with one destination or several, no gateway, and a clock of the test's own. */
async function openWorld(names: readonly string[] = ["billing"]) {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = Object.fromEntries(names.map((name) => [name, { url: receiver.url }]));
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const box = createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] });
  let index = indexCatalog(await loadCatalog(desk.db, box));
  let nowMs = START;
  const databaseNow = () => new Date(nowMs);
  const health = createHealth({ db: desk.db, databaseNow });
  const deps = {
    db: desk.db,
    databaseNow,
    catalog: () => index,
    refreshCatalog: async () => void (index = indexCatalog(await loadCatalog(desk.db, box))),
    log: silentLog,
    moves: createApart({ clock: { monotonicMs: () => nowMs }, log: silentLog }, { text: "", isCostly: false }),
  };
  const destination = () => index.catalog.destinations[0]!;
  return {
    desk,
    deps,
    health,
    destinations: () => index.catalog.destinations,
    destination,
    pass: (ms: number) => (nowMs += ms),
    /** Attempts that end now, and one look of the gatekeeper. */
    try: async (outcome: Outcome, count: number, durationMs = 5, begunAt = destination()) => {
      for (let i = 0; i < count; i++)
        health.note(begunAt, { outcome, startedAt: databaseNow(), durationMs, response: null });
      await keepGates(deps, await health.flush());
      return destination().gate;
    },
    look: async () => {
      await keepGates(deps, []);
      return destination().gate;
    },
  };
}

test("a breaker opens by what all its minutes hold, counts what began after that alone, and closes by a probe", async () => {
  const world = await openWorld();
  expect(await world.try(BAD, 9)).toBeNull();
  // The ten minutes between make the first ones old.
  world.pass(600_000);
  expect(await world.try(BAD, 9)).toBeNull();
  world.pass(60_000);
  expect(await world.try(BAD, 1)).toMatchObject({ reason: "breaker", breaker: "open" });
  world.pass(2_000);
  // Begun before it opened: it says nothing about the time since.
  expect(await world.try(GOOD, 3, 30_000)).toMatchObject({ breaker: "open" });
  world.pass(28_000);
  expect(await world.try(BAD, 1)).toMatchObject({ breaker: "open" });
  world.pass(30_000);
  await world.desk.record({ to: ["billing"], heldReason: "destination_gated" });
  expect(await world.try(GOOD, 1)).toMatchObject({ breaker: "recovering" });
  world.pass(1_000);
  expect(await world.try(BAD, 2)).toMatchObject({ breaker: "open" });
  world.pass(31_000);
  expect(await world.try(GOOD, 1)).toMatchObject({ breaker: "recovering" });
  await world.desk.query("DELETE FROM holdfast.delivery");
  expect(await world.look()).toBeNull();
  // What had been judged does not open it again.
  world.pass(1_000);
  expect(await world.try(BAD, 1)).toBeNull();
  const minutes = await world.desk.query("SELECT FROM holdfast.destination_health");
  expect(minutes.length).toBeGreaterThan(1);
});

test("what began before the breaker opened again says nothing about the time since, though it began after it had moved once", async () => {
  const world = await openWorld();
  await world.try(BAD, 10);
  await world.desk.record({ to: ["billing"], heldReason: "destination_gated" });
  world.pass(30_000);
  expect(await world.try(GOOD, 1)).toMatchObject({ breaker: "recovering" });
  world.pass(1_000);
  const recovering = world.destination();
  expect(await world.try(BAD, 2)).toMatchObject({ breaker: "open" });
  world.pass(1_000);
  expect(await world.try(GOOD, 1, 1_500, recovering)).toMatchObject({ breaker: "open" });
  expect(await world.try(GOOD, 1)).toMatchObject({ breaker: "recovering" });
});

test("a breaker that opens takes back the permits that no worker has claimed", async () => {
  const world = await openWorld(["billing", "other"]);
  const [billing, other] = world.destinations();
  for (const name of ["billing", "other"]) for (let i = 0; i < 3; i++) await world.desk.record({ to: [name] });
  await world.desk.query("UPDATE holdfast.delivery SET permit = true");
  await world.desk.query(
    `UPDATE holdfast.delivery SET state = 'leased', lease = id, lease_until = now() + interval '1 hour', attempt = 1
      WHERE id = (SELECT min(id::text)::uuid FROM holdfast.delivery WHERE destination_id = $1)`,
    [billing!.id],
  );
  const permits = async (id: string) =>
    (
      await world.desk.query<{ state: string }>(
        "SELECT concat_ws(' ', state, held_reason, CASE WHEN permit THEN 'with a permit' END) AS state FROM holdfast.delivery WHERE destination_id = $1",
        [id],
      )
    )
      .map(({ state }) => state)
      .toSorted();
  await world.try(BAD, 10, 5, billing);
  expect(world.destinations().map(({ gate }) => gate?.breaker)).toEqual(["open", undefined]);
  expect(await permits(billing!.id)).toEqual([
    "held destination_gated",
    "held destination_gated",
    "leased with a permit",
  ]);
  expect(await permits(other!.id)).toEqual(["ready with a permit", "ready with a permit", "ready with a permit"]);
});

test("a slow destination keeps its share until nothing waits and it has been quick for half a minute", async () => {
  const world = await openWorld();
  const { id } = world.destination();
  expect(await gateSlow(world.deps, id, 16)).toBe(true);
  expect(await gateSlow(world.deps, id, 16)).toBe(false);
  expect(await gateSlow(world.deps, id, 20)).toBe(false);
  expect(world.destination().gate).toMatchObject({ reason: "slow", slowConcurrency: 16 });
  // Its bodies are larger now, or another worker has fewer slots.
  expect(await gateSlow(world.deps, id, 5)).toBe(true);
  expect(world.destination().gate).toMatchObject({ reason: "slow", slowConcurrency: 5 });
  await world.desk.record({ to: ["billing"], heldReason: "destination_gated" });
  await world.look();
  world.pass(120_000);
  expect(await world.look()).toMatchObject({ reason: "slow" });
  await world.desk.query("DELETE FROM holdfast.delivery");
  await world.look();
  world.pass(29_000);
  expect(await world.look()).toMatchObject({ reason: "slow" });
  // Slow once more: the half minute begins anew.
  expect(await world.try(GOOD, 2, 4_000)).toMatchObject({ reason: "slow" });
  world.pass(10_000);
  expect(await world.look()).toMatchObject({ reason: "slow" });
  world.pass(120_000);
  await world.look();
  world.pass(30_000);
  expect(await world.look()).toBeNull();
});

test("a success ends a stretch of failures, and failures of our own making begin none", async () => {
  const world = await openWorld();
  const failures = async () =>
    (await world.desk.query<{ failures: number }>("SELECT failures FROM holdfast.destination_failure")).map(
      (row) => row.failures,
    );
  await world.try({ kind: "failed", fault: "aborted", detail: "the process ends" }, 3);
  expect(await failures()).toEqual([]);
  await world.try(BAD, 2);
  await world.try(BAD, 3);
  expect(await failures()).toEqual([5]);
  await world.try(GOOD, 1);
  expect(await failures()).toEqual([]);
});

test.each([0, 1])("a gate that cannot be moved (%s) holds up no other, and is judged when it can be", async (i) => {
  const world = await openWorld(["billing", "other"]);
  const { desk, deps, health } = world;
  const failing = world.destinations();
  await desk.query(
    `CREATE FUNCTION holdfast.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
  );
  await desk.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON holdfast.destination_gate FOR EACH ROW
       WHEN (NEW.destination_id = '${failing[i]!.id}') EXECUTE FUNCTION holdfast.refuse()`,
  );
  const startedAt = deps.databaseNow();
  for (const destination of failing)
    for (let n = 0; n < 10; n++) health.note(destination, { outcome: BAD, startedAt, durationMs: 5, response: null });
  const breakers = () => world.destinations().map(({ gate }) => gate?.breaker ?? "closed");
  const left = await keepGates(deps, await health.flush());
  expect(left).toEqual([failing[i]!.id]);
  expect(breakers()).toEqual(i === 0 ? ["closed", "open"] : ["open", "closed"]);
  await desk.query("DROP TRIGGER refuse ON holdfast.destination_gate");
  world.pass(10_000);
  expect(await keepGates(deps, left)).toEqual([]);
  expect(breakers()).toEqual(["open", "open"]);
});
