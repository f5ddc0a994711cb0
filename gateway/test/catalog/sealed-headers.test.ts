import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import { planDestination, planDestinationState } from "../../src/domain/destination-plan.ts";
import type { DestinationPlan } from "../../src/domain/destination-plan.ts";
import { newUuid } from "../../src/domain/id.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import { resealAll } from "../../src/pipeline/reseal.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { SecretsBox } from "../../src/platform/secrets-box.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const OLD = { id: "old", key: randomBytes(32) };
const NEW = { id: "new", key: randomBytes(32) };
const oldBox = createSecretsBox({ keys: [OLD] });
const bothBox = createSecretsBox({ keys: [NEW, OLD] });
const newBox = createSecretsBox({ keys: [NEW] });
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const TOKEN = "Bearer a-token-that-must-not-stand-open";
const HEADERS = { Authorization: TOKEN, "X-Team": "team-seven" };
const PAIRS = Object.entries(HEADERS);

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 2);
});
afterAll(async () => {
  await db.close();
  await database.drop();
});
beforeEach(async () => {
  await db.pool.query("TRUNCATE holdfast.destination CASCADE");
  await write(oldBox, plan(null, HEADERS));
});

function plan(
  present: Destination | null,
  headers: Readonly<Record<string, string>>,
  url = "https://x.example/",
): DestinationPlan {
  const declared = {
    tenant: "default",
    name: "billing",
    origin: "api",
    newId: newUuid(Date.now(), 0, random(8)),
  } as const;
  const newSigningSecret = `whsec_${Buffer.from(random(32)).toString("base64")}`;
  return planDestination(present, { url, headers }, { ...declared, newSigningSecret });
}

async function write(box: SecretsBox, item: DestinationPlan): Promise<void> {
  const done = await changeCatalog({ db, box, clock: systemClock, random }, () => ({ ok: true, items: [item] }));
  expect(done.ok).toBe(true);
}

const read = async (box: SecretsBox): Promise<Destination> => (await loadCatalog(db, box)).destinations[0]!;
const stored = async (): Promise<string> =>
  JSON.stringify(
    (await db.pool.query("SELECT row_to_json(d) AS row, encode(sealed_headers, 'escape') FROM holdfast.destination d"))
      .rows,
  );

it("keeps no header's value open, and gives them back to whoever has the key", async () => {
  const row = await stored();
  expect(row).toContain("Authorization");
  for (const value of Object.values(HEADERS)) expect(row).not.toContain(value);
  expect((await read(oldBox)).headers).toEqual(PAIRS);
  await write(oldBox, plan(await read(oldBox), {}));
  expect([(await read(oldBox)).headers, (await stored()).includes("Authorization")]).toEqual([[], false]);
});

it("without the key nothing is delivered, and a change of something else leaves the values as they are", async () => {
  const blind = await read(newBox);
  expect([blind.headersUnreadable, blind.signingSecret]).toEqual([true, null]);
  await write(newBox, planDestinationState(blind, "paused", "by hand"));
  expect(await read(oldBox)).toMatchObject({ state: "paused", headers: PAIRS });
  await write(newBox, plan(await read(newBox), { "X-New": "1" }));
  expect((await read(newBox)).headers).toEqual([["X-New", "1"]]);
});

it("a change of the master key seals them anew, and those that stood open from before for the first time", async () => {
  expect(await resealAll({ db, box: bothBox, clock: systemClock }, 60_000)).toMatchObject({
    resealed: 2,
    unreadable: [],
  });
  expect((await read(newBox)).headers).toEqual(PAIRS);
  await db.pool.query("UPDATE holdfast.destination SET headers = $1::jsonb, sealed_headers = NULL", [
    JSON.stringify(PAIRS),
  ]);
  expect((await read(newBox)).headers).toEqual(PAIRS);
  expect(await resealAll({ db, box: newBox, clock: systemClock }, 60_000)).toMatchObject({ resealed: 1, current: 1 });
  expect(await stored()).not.toContain(TOKEN);
  expect((await read(newBox)).headers).toEqual(PAIRS);
  expect(await resealAll({ db, box: oldBox, clock: systemClock }, 60_000)).toMatchObject({
    unreadable: [
      { kind: "destination", part: null },
      { kind: "destination", part: "headers" },
    ],
  });
});

it("sealed values of one destination do not open at another", async () => {
  await db.pool.query("UPDATE holdfast.destination SET id = gen_random_uuid()");
  expect((await read(oldBox)).headersUnreadable).toBe(true);
});
