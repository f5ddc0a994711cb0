import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { bindReceiverField, bindSigningSecret, bindSourceSecret } from "../../src/domain/secret-binding.ts";
import { planSource, planSourceState } from "../../src/domain/source-plan.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import type { Resealed } from "../../src/pipeline/reseal.ts";
import { resealAll } from "../../src/pipeline/reseal.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { SecretsBox } from "../../src/platform/secrets-box.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import type { Queryable } from "../../src/store/statement.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const OLD = { id: "old", key: randomBytes(32) };
const NEW = { id: "new", key: randomBytes(32) };
const oldBox = createSecretsBox({ keys: [OLD] });
const bothBox = createSecretsBox({ keys: [NEW, OLD] });
const newBox = createSecretsBox({ keys: [NEW] });
const random = (bytes: number): Uint8Array => randomBytes(bytes);

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 4);
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const SECRETS = ["whsec_a-secret-of-enough-length-0001", "whsec_a-secret-of-enough-length-0002"];

/** Three sources (two with sealed fields, one of them with fields that still stand open) and two destinations: eight values. */
beforeEach(async () => {
  await db.pool.query("TRUNCATE holdfast.source, holdfast.destination CASCADE");
  const declare = (name: string) =>
    ({ tenant: "default", name, origin: "api", newId: newUuid(Date.now(), 0, random(8)), state: "active" }) as const;
  const sources = ["a", "b"].map((name) =>
    planSource(
      null,
      { provider: "stripe", secrets: SECRETS, ...(name === "a" ? { password: "pass-a", verifyToken: "token-a" } : {}) },
      { ...declare(name), newKey: `key-of-${name}-1` },
    ),
  );
  const done = await changeCatalog({ db, box: oldBox, clock: systemClock, random }, () => ({
    ok: true,
    items: sources,
  }));
  expect(done.ok).toBe(true);
  for (const name of ["one", "two"]) await insertDestination(name);
});

async function insertDestination(name: string): Promise<void> {
  const id = newUuid(Date.now(), 0, random(8));
  const sealed = oldBox.seal(Buffer.from(`whsec_${name}`), bindSigningSecret("default", id));
  await db.pool.query(
    `INSERT INTO holdfast.destination (id, tenant, name, kind, url, headers, policy, signing_secret, origin, created_at, updated_at)
     VALUES ($1, 'default', $2, 'http', 'https://x.example/', '[]', '{}', $3, 'api', now(), now())`,
    [id, name, sealed],
  );
}

const reseal = (over: Queryable = db, box = bothBox, limitMs = 60_000): Promise<Resealed> =>
  resealAll({ db: over, box, clock: systemClock }, limitMs);

/** Every secret value that a box can read. */
async function readable(box: SecretsBox): Promise<string[]> {
  const { sources, destinations } = await loadCatalog(db, box);
  const values = sources.flatMap(({ secrets, receiver }) => [
    ...secrets.map(({ value }) => value),
    receiver["password"],
    receiver["verifyToken"],
  ]);
  return [...values, ...destinations.map(({ signingSecret }) => signingSecret)]
    .filter((value) => typeof value === "string")
    .toSorted();
}

const ALL = [...SECRETS, ...SECRETS, "pass-a", "token-a", "whsec_one", "whsec_two"].toSorted();

describe("resealing", () => {
  it("puts every stored value under the first key, and the second time finds nothing to do", async () => {
    expect([await readable(oldBox), await readable(newBox)]).toEqual([ALL, []]);
    const before = (await loadCatalog(db, bothBox)).version;
    expect(await reseal()).toEqual({ resealed: 8, current: 0, unreadable: [], complete: true });
    expect([await readable(oldBox), await readable(bothBox), await readable(newBox)]).toEqual([[], ALL, ALL]);
    expect((await loadCatalog(db, bothBox)).version).toBe(before + 1);
    expect(await reseal()).toEqual({ resealed: 0, current: 8, unreadable: [], complete: true });
    expect((await loadCatalog(db, bothBox)).version).toBe(before + 1);
  });

  // The receiver's two fields stand in one row: seven statements.
  it.each([0, 1, 2, 3, 4, 5, 6])(
    "killed after %i rows, leaves everything readable with both keys, and goes on (F100)",
    async (rows) => {
      let left = rows;
      const dying: Queryable = {
        run: async (statement, values) => {
          if (statement.name.startsWith("reseal_") && left-- === 0) throw new Error("killed");
          return db.run(statement, values);
        },
      };
      await expect(reseal(dying)).rejects.toThrow("killed");
      expect(await readable(bothBox)).toEqual(ALL);
      expect((await readable(oldBox)).length + (await readable(newBox)).length).toBe(ALL.length);
      expect((await reseal()).complete).toBe(true);
      expect(await readable(newBox)).toEqual(ALL);
    },
  );

  it("by two at once seals each value once, readable all the while", async () => {
    const [one, two, seen] = await Promise.all([reseal(), reseal(), readable(bothBox)]);
    expect(seen).toEqual(ALL);
    expect(one.resealed + two.resealed).toBe(8);
    expect(await readable(newBox)).toEqual(ALL);
  });

  it("stops when its time is up, says so, and ends in further runs", async () => {
    expect(await reseal(db, bothBox, 0)).toMatchObject({ resealed: 0, complete: false });
    let ticks = 0;
    const clock = { now: () => new Date(), monotonicMs: () => ticks++ };
    const first = await resealAll({ db, box: bothBox, clock }, 3);
    expect([first.resealed, first.complete]).toEqual([2, false]);
    expect(await readable(bothBox)).toEqual(ALL);
    expect(await reseal()).toMatchObject({ resealed: 6, complete: true });
  });

  it("leaves alone what no loaded key opens and what was moved to another place, and names it", async () => {
    const before = await db.pool.query("SELECT * FROM holdfast.secret_version ORDER BY source_id, version");
    const stranger = createSecretsBox({ keys: [{ id: "stranger", key: randomBytes(32) }] });
    expect(await reseal(db, stranger)).toMatchObject({
      resealed: 0,
      current: 0,
      unreadable: { length: 8 },
      complete: true,
    });
    expect((await db.pool.query("SELECT * FROM holdfast.secret_version ORDER BY source_id, version")).rows).toEqual(
      before.rows,
    );
    const [first, second] = before.rows as { source_id: string; version: string; sealed: Buffer }[];
    await db.pool.query("UPDATE holdfast.secret_version SET sealed = $3 WHERE source_id = $1 AND version = $2", [
      first!.source_id,
      first!.version,
      second!.sealed,
    ]);
    const moved = { tenant: "default", kind: "source", id: first!.source_id, part: first!.version };
    expect(await reseal()).toMatchObject({ resealed: 7, unreadable: [moved] });
  });

  it("seals fields that stand open from before, and keeps the rest of the receiver", async () => {
    // As a row from before the constraint.
    await db.pool.query("ALTER TABLE holdfast.source DROP CONSTRAINT source_receiver_check");
    const open = { password: "pass-b", audience: "us", toleranceSec: 60 };
    await db.pool.query("UPDATE holdfast.source SET receiver = $1 WHERE name = 'b'", [JSON.stringify(open)]);
    expect(await reseal()).toMatchObject({ resealed: 9, complete: true });
    const { rows } = await db.pool.query<{ receiver: object; sealed_receiver: Record<string, string> }>(
      "SELECT receiver, sealed_receiver FROM holdfast.source WHERE name = 'b'",
    );
    expect(rows[0]!.receiver).toEqual({ audience: "us", toleranceSec: 60 });
    expect(JSON.stringify(rows)).not.toContain("pass-b");
    expect(await readable(newBox)).toEqual([...ALL, "pass-b"].toSorted());
    await db.pool.query(
      "ALTER TABLE holdfast.source ADD CONSTRAINT source_receiver_check CHECK (NOT receiver ?| ARRAY['password', 'verifyToken', 'clientSecret']) NOT VALID",
    );
  });
});

describe("the receiver's secret fields", () => {
  it("stand sealed in the database, each bound to its source and its name", async () => {
    const { rows } = await db.pool.query<{ id: string; receiver: object; sealed_receiver: Record<string, string> }>(
      "SELECT id, receiver, sealed_receiver FROM holdfast.source WHERE name = 'a'",
    );
    const [{ id, receiver, sealed_receiver: sealed }] = rows as [(typeof rows)[0]];
    expect(receiver).toEqual({});
    expect(Object.keys(sealed).toSorted()).toEqual(["password", "verifyToken"]);
    expect(Buffer.from(sealed["password"]!, "base64").includes("pass-a")).toBe(false);
    const bytes = Buffer.from(sealed["password"]!, "base64");
    expect(oldBox.open(bytes, bindReceiverField("default", id, "password")).ok).toBe(true);
    expect(oldBox.open(bytes, bindReceiverField("default", id, "verifyToken")).ok).toBe(false);
    expect(oldBox.open(bytes, bindSourceSecret("default", id, "password")).ok).toBe(false);
  });

  it("are replaced by what is declared anew, and gone when they are declared no longer", async () => {
    const present = (await loadCatalog(db, oldBox)).sources.find(({ name }) => name === "a")!;
    const definition = { provider: "stripe", secrets: SECRETS, password: "pass-new" };
    const declared = { tenant: "default", name: "a", origin: "api", newId: "", newKey: "", state: "active" } as const;
    const plan = planSource(present, definition, declared);
    await changeCatalog({ db, box: oldBox, clock: systemClock, random }, () => ({ ok: true, items: [plan] }));
    const changed = (await loadCatalog(db, oldBox)).sources.find(({ name }) => name === "a")!;
    expect([plan.fields, changed.receiver]).toEqual([["receiver"], { password: "pass-new" }]);
  });

  it("that cannot be read are named, left out, and kept when only the source's state changes", async () => {
    const source = async (box: SecretsBox) => (await loadCatalog(db, box)).sources.find(({ name }) => name === "a")!;
    const blind = await source(newBox);
    expect([blind.receiver, blind.receiverUnreadable.toSorted()]).toEqual([{}, ["password", "verifyToken"]]);
    await changeCatalog({ db, box: newBox, clock: systemClock, random }, () => ({
      ok: true,
      items: [planSourceState(blind, "disabled")],
    }));
    expect(await source(oldBox)).toMatchObject({
      state: "disabled",
      receiver: { password: "pass-a", verifyToken: "token-a" },
    });
  });
});
