import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { planDestination, toDefinition } from "../../src/domain/destination-plan.ts";
import { createApart } from "../../src/engine/caretakers/apart.ts";
import { createGoneDisabler, disableFailing, disableGone } from "../../src/engine/caretakers/disabler.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { lockCatalog } from "../../src/store/catalog/catalog-version.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database, Transaction } from "../../src/store/database.ts";
import { endFailures } from "../../src/store/gates/failures.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { openTestPool } from "../support/database.ts";
import { until } from "../support/embedded.ts";
import { copyDelivery, statesOf } from "../support/many-deliveries.ts";

const URL_OF_IT = "http://127.0.0.1:1/";
const NOW = new Date("2026-11-21T12:00:00Z");
const WAITS = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

async function openWorld(names: readonly string[] = ["billing"]) {
  const desk = await openDesk();
  const destinations = Object.fromEntries(names.map((name) => [name, { url: URL_OF_IT }]));
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const box = createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] });
  let index = indexCatalog(await loadCatalog(desk.db, box));
  const deps = {
    db: desk.db,
    databaseNow: () => NOW,
    catalog: () => index,
    refreshCatalog: async () => void (index = indexCatalog(await loadCatalog(desk.db, box))),
    log: silentLog,
    notices: createApart({ clock: systemClock, log: silentLog }, { text: "", isCostly: false }),
  };
  return { desk, box, deps, destination: index.catalog.destinations[0]! };
}

/** The same database, where something else happens between a change's look at the catalog and what it writes. */
function meanwhile(
  { db, query }: Desk,
  act: () => Promise<void>,
): { readonly db: Database; readonly acted: () => Promise<void> } {
  let acting = Promise.resolve();
  const begin = async (): Promise<void> => {
    let isDone = false;
    acting = act().finally(() => (isDone = true));
    await until(async () => isDone || (await query(WAITS)).length > 0);
  };
  const watch = (tx: Transaction): Transaction => ({
    ...tx,
    run: async (statement, values) => {
      if (statement.name === "update_destination") await begin();
      return tx.run(statement, values);
    },
  });
  return {
    db: { ...db, transaction: (work, deadlineMs) => db.transaction((tx) => work(watch(tx)), deadlineMs) },
    acted: () => acting,
  };
}

async function changeTimeout(
  { desk, box, destination }: Awaited<ReturnType<typeof openWorld>>,
  act: () => Promise<void>,
) {
  const { db, acted } = meanwhile(desk, act);
  const changed = await changeCatalog({ db, box, clock: systemClock, random: randomBytes }, ({ destinations }) => {
    const present = destinations.find(({ id }) => id === destination.id)!;
    const { tenant, name, origin, id, state, stateReason } = present;
    const declared = { tenant, name, origin, newId: id, newSigningSecret: "" };
    const plan = planDestination(present, { ...toDefinition(present), timeoutMs: 5_000 }, declared);
    return { ok: true, items: [{ ...plan, state, stateReason, waiting: "leave" }] };
  });
  expect(changed).toMatchObject({ ok: true });
  await acted();
}

const DISABLED = [{ state: "disabled", policy: expect.objectContaining({ timeoutMs: 5_000 }) }];
const READ = "SELECT state, policy FROM holdfast.destination";

test("a destination that answers 410 while somebody changes it is disabled, and changed", async () => {
  const world = await openWorld();
  const { desk, deps, destination } = world;
  await changeTimeout(world, () => disableGone(deps, { id: destination.id, url: URL_OF_IT }));
  expect(await desk.query(READ)).toEqual(DISABLED);
});

const failFor5Days = (desk: Desk) =>
  desk.query(
    `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
     SELECT id, $1, $2, 40 FROM holdfast.destination`,
    ["2026-11-15T00:00:00Z", "2026-11-21T11:00:00Z"],
  );

test("so is one that has failed for five days", async () => {
  const world = await openWorld();
  const { desk, deps } = world;
  await failFor5Days(desk);
  await changeTimeout(world, () => disableFailing(deps));
  expect(await desk.query(READ)).toEqual(DISABLED);
});

test("one that failed for a moment days ago, and was not tried since, is not announced to be disabled in two days", async () => {
  const { desk, deps } = await openWorld();
  await desk.query(
    `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
     SELECT id, $1, $2, 3 FROM holdfast.destination`,
    ["2026-11-15T00:00:00Z", "2026-11-15T00:00:35Z"],
  );
  await disableFailing(deps);
  expect(await desk.query("SELECT state FROM holdfast.destination")).toEqual([{ state: "active" }]);
  const told = "every attempt has failed since 2026-11-15 00:00 UTC (3 so far); if that goes on, ";
  expect(await desk.query("SELECT kind, detail FROM holdfast.destination_notice ORDER BY kind")).toEqual([
    { kind: "failing_1_day", detail: expect.stringContaining(told) },
    { kind: "failing_3_days", detail: expect.stringContaining(told) },
  ]);
});

test("one that has succeeded since it was looked for is left as it is, and nobody is told", async () => {
  const { desk, deps, destination } = await openWorld();
  await failFor5Days(desk);
  const listed: Database = {
    ...desk.db,
    run: async (statement, values) => {
      const found = await desk.db.run(statement, values);
      await desk.db.run(endFailures, [[destination.id]]);
      return found;
    },
  };
  await disableFailing({ ...deps, db: listed });
  expect(await desk.query("SELECT state FROM holdfast.destination")).toEqual([{ state: "active" }]);
  expect(await desk.query("SELECT kind FROM holdfast.destination_notice")).toEqual([]);
});

test.each([0, 1])("one for which that fails (%s) keeps no other from being disabled", async (i) => {
  const { desk, deps } = await openWorld(["billing", "other"]);
  await failFor5Days(desk);
  const destinations = await desk.query<{ id: string }>("SELECT id FROM holdfast.destination ORDER BY id");
  await desk.query(`ALTER TABLE holdfast.destination_notice ADD CHECK (destination_id <> '${destinations[i]!.id}')`);
  await disableFailing(deps);
  const states = await desk.query("SELECT state FROM holdfast.destination ORDER BY id");
  expect(states.map(({ state }) => state)).toEqual(i === 0 ? ["active", "disabled"] : ["disabled", "active"]);
});

/** Holds the catalog's lock, as somebody does whose change takes long. */
async function takeCatalog({ database }: Desk) {
  const db = openTestPool(database, 1);
  let release = (): void => {};
  let hasIt = false;
  const done = db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    hasIt = true;
    await new Promise<void>((resolve) => (release = resolve));
  }, 60_000);
  await until(() => hasIt);
  onTestFinished(async () => {
    release();
    await done;
    await db.close();
  });
  return async (): Promise<void> => {
    release();
    await done;
  };
}

test("a destination that many answers say is gone takes one connection to disable, and none when that is known", async () => {
  const { desk, deps, destination } = await openWorld();
  const failed: unknown[] = [];
  const log = { ...silentLog, error: (fields: unknown) => void failed.push(fields) };
  const disable = createGoneDisabler({ ...deps, log });
  const gone = { id: destination.id, url: URL_OF_IT };
  const letGo = await takeCatalog(desk);
  const all = Array.from({ length: 8 }, () => disable(gone));
  await until(async () => (await desk.query(WAITS)).length > 0);
  // The desk has three connections.
  expect(await Promise.all([1, 2].map(() => desk.query("SELECT 1")))).toHaveLength(2);
  expect(await desk.query(WAITS)).toHaveLength(1);
  await letGo();
  await Promise.all(all);
  expect(await desk.query("SELECT state FROM holdfast.destination")).toEqual([{ state: "disabled" }]);
  await takeCatalog(desk);
  await disable(gone);
  expect(failed).toEqual([]);
});

test("what waits for it behind a thousand others is not looked for, and is held by who comes across it, untried", async () => {
  const desk = await openDesk();
  const destinations = { billing: { url: URL_OF_IT }, other: { url: URL_OF_IT } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const schedule = (ids: readonly string[], at: string) =>
    desk.query("UPDATE holdfast.delivery SET state = 'scheduled', due_at = $2 WHERE id = ANY($1)", [ids, at]);
  const [first] = await desk.record({ to: ["other"] });
  await copyDelivery(desk, first!, 1_000);
  const others = await desk.query<{ id: string }>("SELECT id FROM holdfast.delivery");
  const [second] = await desk.record({ to: ["other"] });
  await copyDelivery(desk, second!, 1_000);
  await schedule(
    others.map(({ id }) => id),
    "2026-01-01T11:00:00Z",
  );
  const ids = await Promise.all([1, 2].map(() => desk.record({ to: ["billing"] })));
  await schedule(ids[0]!, "2026-01-01T11:30:00Z");
  await desk.query("UPDATE holdfast.delivery SET rank = rank + 1e9 WHERE id = ANY($1)", [ids.flat()]);
  const [destination] = await desk.query<{ id: string }>("SELECT id FROM holdfast.destination WHERE name = 'billing'");
  const deps = { db: desk.db, databaseNow: () => NOW, refreshCatalog: async () => {}, log: silentLog };
  await disableGone(deps, { id: destination!.id, url: URL_OF_IT });
  expect(await statesOf(desk, "billing")).toEqual({ ready: 1, scheduled: 1 });
  await desk.query("UPDATE holdfast.destination SET state = 'paused', state_reason = 'a test' WHERE name = 'other'");
  await startDeliveries(desk);
  await until(async () => (await statesOf(desk, "billing"))["held destination_disabled"] === 2);
  const tried = "SELECT FROM holdfast.delivery WHERE id = ANY($1) AND attempt > 0";
  expect(await desk.query(tried, [ids.flat()])).toEqual([]);
});
