import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { checkDefinition } from "../../src/domain/definition.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase, someoneWaits } from "../support/database.ts";
import { until } from "../support/embedded.ts";

const random = (bytes: number): Uint8Array => randomBytes(bytes);
const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });
let database: TestDatabase;
let db: Database;
let other: Client;

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 2);
  other = new Client({ connectionString: database.url });
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await db.close();
  await database.drop();
});

it("reads the catalog as it stood at one moment, whatever is committed while it reads", async () => {
  const content = {
    sources: { shop: { provider: "stripe", key: "shop-key", secrets: ["whsec_a-secret-of-enough-length"] } },
    destinations: { billing: { url: "https://billing.example/" } },
    routes: [{ source: "shop", destination: "billing" }],
  };
  const checked = checkDefinition(content, definitionCheckers({ allowCidrs: [] }));
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  await applyDefinition({ db, box, clock: systemClock, random }, checked.definition, { origin: "file", dryRun: false });

  // A change is under way: the route goes to a new destination, and the reader has to wait at the routes.
  const moved = newUuid(Date.now(), 0, random(8));
  await other.query("BEGIN");
  await other.query("LOCK TABLE holdfast.route IN ACCESS EXCLUSIVE MODE");
  await other.query(
    `INSERT INTO holdfast.destination
     SELECT (jsonb_populate_record(d, jsonb_build_object('id', $1::uuid, 'name', 'moved'))).* FROM holdfast.destination d`,
    [moved],
  );
  await other.query("UPDATE holdfast.route SET destination_id = $1", [moved]);
  const loading = loadCatalog(db, box);
  await until(() => someoneWaits(db, { relation: "holdfast.route" }));
  await other.query("COMMIT");

  const routesOf = async (loaded: typeof loading) => indexCatalog(await loaded).findSource("shop-key")?.routes.length;
  expect(await routesOf(loading)).toBe(1);
  expect(await routesOf(loadCatalog(db, box))).toBe(1);
});
