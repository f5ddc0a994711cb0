import pg from "pg";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { migrate } from "../../src/store/migrate.ts";
import { emptyDatabase, testMigration } from "../support/empty-database.ts";

let url: string;

beforeEach(async () => {
  ({ url } = await emptyDatabase());
});

const raise = (state: string): string => `RAISE EXCEPTION 'planted' USING ERRCODE = '${state}'`;
const raiseIf = (condition: string, state: string) =>
  testMigration(2, `DO $$ BEGIN IF ${condition} THEN ${raise(state)}; END IF; END $$`);
const first = testMigration(1, "CREATE SEQUENCE holdfast.tries");

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
  const second = testMigration(2, `DO $$ BEGIN ${loop}; ${raise("55P03")}; END $$`);
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
