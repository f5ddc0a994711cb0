import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { lowestUuid } from "../../src/domain/id.ts";
import { PARTITIONED, ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { makeGeneration } from "../../src/store/upkeep/ledger-generations.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const NOW_MS = Date.UTC(2031, 0, 2, 12);
const DAYS = ["20310101", "20310102"];

async function openPartitions() {
  const database = await testDatabase();
  const [db, other] = [openTestPool(database, 2), openTestPool(database, 2)];
  onTestFinished(async () => {
    await Promise.all([db.close(), other.close()]);
    await database.drop();
  });
  const tables = async (isAttached: boolean): Promise<string[]> => {
    const { rows } = await other.pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'holdfast'::regnamespace AND relkind = 'r' AND relispartition = $1
          AND relname ~ '_(p[0-9]{8}|g[0-9]+)$' ORDER BY 1`,
      [isAttached],
    );
    return rows.map(({ name }) => name);
  };
  return { database, db, other, query: (text: string) => other.pool.query(text), tables };
}

const ofDays = (days: readonly string[]): string[] =>
  PARTITIONED.flatMap((table) => days.map((day) => `${table}_p${day}`)).toSorted();

test("a partition that cannot be attached is not there at all", async () => {
  const { database, tables } = await openPartitions();
  // It waits as a gateway does.
  const db = openTestPool(database, 2, { lockTimeoutMs: 2_000 });
  onTestFinished(() => db.close());
  const busy = new Client({ connectionString: database.url });
  await busy.connect();
  onTestFinished(() => busy.end());
  await busy.query("BEGIN");
  for (const table of ["event", "dedupe"])
    await busy.query(`LOCK TABLE holdfast.${table} IN SHARE UPDATE EXCLUSIVE MODE`);
  await expect(ensurePartitions(db, NOW_MS, 0)).rejects.toThrow("lock timeout");
  await expect(makeGeneration(db, 41)).rejects.toThrow("lock timeout");
  expect(await tables(false)).toEqual([]);
  await busy.query("ROLLBACK");
  await ensurePartitions(db, NOW_MS, 0);
  await makeGeneration(db, 41);
  expect(await tables(false)).toEqual([]);
  expect(await tables(true)).toEqual(expect.arrayContaining([...ofDays(DAYS), "dedupe_g41"]));
});

test("a table that was made and never attached keeps nobody from going on when its parent has changed since", async () => {
  const { db, query, tables } = await openPartitions();
  await query("CREATE TABLE holdfast.event_p20310102 (LIKE holdfast.event INCLUDING ALL)");
  await query("CREATE TABLE holdfast.dedupe_g41 (LIKE holdfast.dedupe INCLUDING ALL)");
  for (const table of ["event", "dedupe"]) await query(`ALTER TABLE holdfast.${table} ADD COLUMN later int`);
  await ensurePartitions(db, NOW_MS, 0);
  await makeGeneration(db, 41);
  expect(await tables(false)).toEqual([]);
  expect(await tables(true)).toEqual(expect.arrayContaining([...ofDays(DAYS), "dedupe_g41"]));
});

test("a day that somebody detached comes back with its rows", async () => {
  const { db, query, tables } = await openPartitions();
  await ensurePartitions(db, NOW_MS, 0);
  await query(
    `INSERT INTO holdfast.duplicate (bucket, event_id, count, variants, first_at, last_at)
     VALUES (7, '${lowestUuid(NOW_MS)}', 1, 0, now(), now())`,
  );
  await query("ALTER TABLE holdfast.duplicate DETACH PARTITION holdfast.duplicate_p20310102");
  await ensurePartitions(db, NOW_MS, 0);
  expect(await tables(false)).toEqual([]);
  expect((await query("SELECT FROM holdfast.duplicate")).rowCount).toBe(1);
});

test("processes that make the same days at the same time make each once, and none fails", async () => {
  const { db, other, tables } = await openPartitions();
  const made = await Promise.all([db, other, db, other].map((one) => ensurePartitions(one, NOW_MS, 0)));
  expect(made.reduce((sum, one) => sum + one)).toBe(ofDays(DAYS).length);
  expect(await tables(true)).toEqual(expect.arrayContaining(ofDays(DAYS)));
});
