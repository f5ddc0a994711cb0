import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { planDestination, toDefinition } from "../../src/domain/destination-plan.ts";
import { disableFailing, disableGone } from "../../src/engine/caretakers/disabler.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database, Transaction } from "../../src/store/database.ts";
import { endFailures } from "../../src/store/gates/failures.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";

const URL_OF_IT = "http://127.0.0.1:1/";
const NOW = new Date("2026-11-21T12:00:00Z");
const WAITS = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

async function openWorld() {
  const desk = await openDesk();
  await (await startDeliveries(desk, { destinations: { billing: { url: URL_OF_IT } } })).gateway.drain();
  const box = createSecretsBox({ keys: [{ id: "none", key: randomBytes(32) }] });
  const index = indexCatalog(await loadCatalog(desk.db, box));
  const deps = {
    db: desk.db,
    databaseNow: () => NOW,
    catalog: () => index,
    refreshCatalog: async () => {},
    log: silentLog,
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
