import { Pool, type PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../gateway/test/support/database.ts";
import { once } from "../src/once.ts";
import { createPgStore, onceTableSql, type PgStore } from "../src/pg-store.ts";

let database: TestDatabase;
let pool: Pool;
let store: PgStore<PoolClient>;

beforeAll(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url, max: 8 });
  pool.on("error", () => {});
  await pool.query("CREATE SCHEMA app");
  await pool.query(onceTableSql("app.acted"));
  await pool.query(onceTableSql("app.acted"));
  await pool.query("CREATE TABLE app.payment (id int NOT NULL)");
  store = createPgStore({ pool, table: "app.acted" });
});
beforeEach(async () => {
  await pool.query("TRUNCATE app.acted, app.payment");
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const pay = (id: number) => async (tx: PoolClient) => {
  await tx.query("INSERT INTO app.payment (id) VALUES ($1)", [id]);
  return `paid ${id}`;
};
const payments = async (): Promise<number[]> =>
  (await pool.query<{ id: number }>("SELECT id FROM app.payment ORDER BY id")).rows.map(({ id }) => id);

describe("once", () => {
  test("acts the first time and never again", async () => {
    expect(await once({ store }, "dlv_1", pay(1))).toEqual({ acted: true, result: "paid 1" });
    expect(await once({ store }, "dlv_1", pay(1))).toEqual({ acted: false });
    expect(await once({ store }, "dlv_2", pay(2))).toEqual({ acted: true, result: "paid 2" });
    expect(await payments()).toEqual([1, 2]);
  });

  test("acts once for twenty deliveries of one key at once", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => once({ store }, "dlv_1", pay(1))));
    expect(outcomes.filter(({ acted }) => acted)).toHaveLength(1);
    expect(await payments()).toEqual([1]);
  });

  test("leaves nothing of an effect that failed, and acts the next time", async () => {
    const failing = async (tx: PoolClient): Promise<never> => {
      await pay(1)(tx);
      throw new Error("the card was declined");
    };
    await expect(once({ store }, "dlv_1", failing)).rejects.toThrow("the card was declined");
    expect(await payments()).toEqual([]);
    expect(await once({ store }, "dlv_1", pay(1))).toMatchObject({ acted: true });
  });

  test("a delivery that waited for one that failed acts in its place", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const first = once({ store }, "dlv_1", async () => {
      begin();
      await released;
      throw new Error("too late");
    });
    const failed = expect(first).rejects.toThrow("too late");
    await begun;
    const second = once({ store }, "dlv_1", pay(1));
    await expect.poll(waitingForLock).toBe(1);
    release();
    await failed;
    expect(await second).toMatchObject({ acted: true });
    expect(await payments()).toEqual([1]);
  });

  test("does not take for done what PostgreSQL rolled back because the effect swallowed an error", async () => {
    const swallowing = async (tx: PoolClient): Promise<void> => {
      await pay(1)(tx);
      await tx.query("SELECT 1/0").catch(() => {});
    };
    await expect(once({ store }, "dlv_1", swallowing)).rejects.toThrow("rolled back");
    expect(await payments()).toEqual([]);
    expect(await once({ store }, "dlv_1", pay(1))).toMatchObject({ acted: true });
  });

  test("fails, and acts the next time, when the connection breaks in the middle", async () => {
    const cut = async (tx: PoolClient): Promise<void> => {
      await pay(1)(tx);
      const { rows } = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      const gone = new Promise((resolve) => tx.once("end", resolve));
      await pool.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
      await gone;
    };
    await expect(once({ store }, "dlv_1", cut)).rejects.toThrow();
    expect(await payments()).toEqual([]);
    expect(await once({ store }, "dlv_1", pay(1))).toMatchObject({ acted: true });
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test("forgets old keys when told to, and says how many", async () => {
    await once({ store }, "dlv_1", pay(1));
    await once({ store }, "dlv_2", pay(2));
    expect(await store.forgetBefore(new Date(Date.now() - 60_000))).toBe(0);
    await pool.query("UPDATE app.acted SET acted_at = now() - interval '91 days' WHERE key = 'dlv_1'");
    expect(await store.forgetBefore(new Date(Date.now() - 90 * 86_400_000))).toBe(1);
    expect(await once({ store }, "dlv_2", pay(2))).toEqual({ acted: false });
  });

  test("works over a store of another kind", async () => {
    const keys = new Set<string>();
    const own = {
      claim: async <T>(key: string, effect: (tx: null) => Promise<T>) =>
        keys.has(key)
          ? { acted: false as const }
          : (keys.add(key), { acted: true as const, result: await effect(null) }),
    };
    expect(await once({ store: own }, "a", async () => 7)).toEqual({ acted: true, result: 7 });
    expect(await once({ store: own }, "a", async () => 7)).toEqual({ acted: false });
  });

  test("takes neither an empty or endless key nor a table name that could be more than a name", async () => {
    await expect(once({ store }, "", pay(1))).rejects.toThrow(TypeError);
    await expect(once({ store }, "k".repeat(257), pay(1))).rejects.toThrow(TypeError);
    for (const table of ["", "a; drop table payment", 'a"b', "A", "a.b.c", "1a"])
      expect(() => createPgStore({ pool, table })).toThrow(TypeError);
    expect(() => onceTableSql("a (x int); --")).toThrow(TypeError);
  });
});

async function waitingForLock(): Promise<number> {
  const found = await pool.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return found.rows[0]?.n ?? 0;
}
