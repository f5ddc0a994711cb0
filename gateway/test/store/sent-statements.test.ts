import { expect, test } from "vitest";
import { cold } from "../../src/store/statement.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const keep = cold("keep", "INSERT INTO public.kept VALUES ($1::int)");

test("a connection that is not pipelined is asked one thing at a time, and nothing after a failure", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 1);
  const kept = async () => (await db.pool.query<{ n: number }>("SELECT n FROM public.kept ORDER BY n")).rows;
  try {
    await db.pool.query("CREATE TABLE public.kept (n int CHECK (n > 0))");
    const whole = await db.transaction(async (tx) => {
      for (const n of [1, 2, 3]) tx.send(keep, [n]);
      // The driver keeps no queue of its own: from pg 9 on it will have none.
      expect(tx.client).toMatchObject({ _queryQueue: [] });
      expect((await tx.run(keep, [4])).rowCount).toBe(1);
    }, 30_000);
    expect([whole.ok, await kept()]).toEqual([true, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]]);

    const refused = await db.transaction(async (tx) => {
      for (const n of [5, 0, 6]) tx.send(keep, [n]);
    }, 30_000);
    expect(refused).toMatchObject({ ok: false, code: "23514" });

    const abandoned = await db.transaction(async (tx) => {
      for (const n of [7, 8, 9]) tx.send(keep, [n]);
      // With a code the connection counts as whole, and is rolled back and kept.
      throw Object.assign(new Error("thought better of it"), { code: "P0001" });
    }, 30_000);
    expect(abandoned).toMatchObject({ ok: false, code: "P0001" });
    expect(await kept()).toHaveLength(4);
  } finally {
    await db.close();
    await database.drop();
  }
});
