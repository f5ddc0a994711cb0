import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

/** The server's processes behind two connections that are used at the same time, both idle when it returns. */
async function useTwo({ pool }: Database): Promise<number[]> {
  const clients = [await pool.connect(), await pool.connect()];
  const pids: number[] = [];
  for (const client of clients) pids.push((await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid);
  // One after the other in the same turn: both have then been idle for as long when the first of them is closed.
  for (const client of clients) client.release();
  return pids;
}

test("one connection for arrivals stays open however long nobody sends, and the others are given back", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2, { keptOpen: 1, idleMs: 1 });
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  const closed = once(db.pool, "remove");
  const pids = await useTwo(db);
  await closed;
  expect(db.pool.totalCount).toBe(1);
  const { rows } = await db.pool.query("SELECT pg_backend_pid() AS pid");
  expect(pids).toContain(rows[0].pid);
});
