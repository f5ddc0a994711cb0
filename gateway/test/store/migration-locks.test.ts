import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it, onTestFinished } from "vitest";
import type { Migration } from "../../src/store/migrate.ts";
import { migrate } from "../../src/store/migrate.ts";
import { withDatabase } from "../support/database.ts";

let admin: pg.Client;
let name: string;
let url: string;

beforeAll(async () => {
  admin = new pg.Client({ connectionString: withDatabase(inject("holdfastTestDatabase").adminUrl, "postgres") });
  await admin.connect();
});
afterAll(() => admin.end());
beforeEach(async () => {
  name = `test_${randomBytes(8).toString("hex")}`;
  url = withDatabase(inject("holdfastTestDatabase").url, name);
  await admin.query(`create database ${name} template template0 owner holdfast`);
});
afterEach(async () => {
  await admin.query(`drop database if exists ${name} with (force)`);
});

function migration(number: number, sql: string): Migration {
  return { number, name: `000${number}_test`, sql, sha256: createHash("sha256").update(sql).digest("hex") };
}

const raise = (state: string): string => `RAISE EXCEPTION 'planted' USING ERRCODE = '${state}'`;
const raiseIf = (condition: string, state: string): Migration =>
  migration(2, `DO $$ BEGIN IF ${condition} THEN ${raise(state)}; END IF; END $$`);
const first = migration(1, "CREATE SEQUENCE holdfast.tries");

it("a migration waits for its locks until the server has ended an autovacuum that holds them", async () => {
  const msOf = (setting: string): string => `(SELECT setting::int FROM pg_settings WHERE name = '${setting}')`;
  const bounds = `${msOf("deadlock_timeout")} + 1 AND 5000`;
  const second = raiseIf(`${msOf("lock_timeout")} NOT BETWEEN ${bounds}`, "P0001");
  expect(await migrate(url, [first, second])).toMatchObject({ ok: true, applied: ["0001_test", "0002_test"] });
});

it("a migration is tried again when a deadlock with arrivals was resolved against it", async () => {
  const second = raiseIf("nextval('holdfast.tries') = 1", "40P01");
  const result = await migrate(url, [first, second], { pausesMs: [1] });
  expect(result).toMatchObject({ ok: true, applied: ["0001_test", "0002_test"] });
});

it("a migration that does not get its locks names no runner that waits for it as what is in the way", async () => {
  const own =
    "l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
  const someoneWaits = `EXISTS (SELECT FROM pg_locks l WHERE ${own} AND NOT l.granted)`;
  const loop = `WHILE NOT ${someoneWaits} LOOP PERFORM pg_sleep(0.01); END LOOP`;
  const second = migration(2, `DO $$ BEGIN ${loop}; ${raise("55P03")}; END $$`);
  const client = new pg.Client({ connectionString: url, application_name: "second runner" });
  // The database goes before the tests' own endings come.
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end());
  const running = migrate(url, [first, second], { pausesMs: [] });
  const held = `SELECT (l.classid::bigint << 32) + l.objid::bigint AS key
                  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE ${own} AND a.query LIKE 'DO %'`;
  let rows: { key: string }[] = [];
  while (rows.length === 0) rows = (await client.query<{ key: string }>(held)).rows;
  const locked = client.query(`BEGIN; SELECT pg_advisory_xact_lock(${rows[0]!.key})`);
  const result = await running;
  await locked;
  expect(result).toMatchObject({ ok: false, code: "busy", message: expect.not.stringContaining("second runner") });
});
