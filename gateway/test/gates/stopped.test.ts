import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { releaseActive } from "../../src/store/deliveries/release-active.ts";
import { releaseServable } from "../../src/store/deliveries/release-servable.ts";
import { BY_INDEX } from "../../src/store/plans.ts";
import { cold } from "../../src/store/statement.ts";
import type { Statement } from "../../src/store/statement.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";
import { VALID_ROWS, insertOf } from "../support/valid-rows.ts";

/** Some hundred pages: who goes through them is seen. */
const BACKLOG = 10_000;
/** What a look that goes straight to what it looks for reads: the tops of a few indexes. */
const FEW_PAGES = 20;

let database: TestDatabase;
let db: Database;
const destination = String(VALID_ROWS.get("destination")?.id);

beforeAll(async () => {
  database = await testDatabase();
  // As the workers' connections are.
  db = openTestPool(database, 1, { plans: BY_INDEX });
  const { text, values } = insertOf("destination", VALID_ROWS.get("destination")!);
  await db.pool.query(text, values);
  const waiting = insertOf("delivery", {
    ...VALID_ROWS.get("delivery"),
    state: "held",
    held_reason: "destination_gated",
  });
  await db.pool.query(waiting.text, waiting.values);
  await db.pool.query(
    `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state,
       attempt, refusals, held_reason)
     SELECT d.bucket, gen_random_uuid(), d.tenant, d.event_id, d.destination_id, gen_random_uuid(), d.trigger, d.priority, d.lane,
       d.rank, d.state, d.attempt, d.refusals, d.held_reason FROM holdfast.delivery d, generate_series(1, $1)`,
    [BACKLOG],
  );
});

afterAll(async () => {
  await db?.close();
  await database?.drop();
});

/** How many pages a statement touched, by the server's own count. */
async function pagesOf(statement: Statement, values: readonly unknown[]): Promise<number> {
  const explain = cold<{ "QUERY PLAN": readonly { Plan: Record<string, number> }[] }>(
    "explain_stopped",
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`,
  );
  const plan = (await db.run(explain, values)).rows[0]!["QUERY PLAN"][0]!.Plan;
  return plan["Shared Hit Blocks"]! + plan["Shared Read Blocks"]!;
}

/** With no statistics yet, as right after a burst, and with them. */
describe.each(["before the first analysis", "analysed"])("a long backlog at a gate, %s", (when) => {
  beforeAll(async () => {
    if (when === "analysed") await db.pool.query("VACUUM ANALYZE holdfast.delivery");
  });

  it("is not gone through by who looks for what is held although its destination is active", async () => {
    expect(await pagesOf(releaseActive, [1_000])).toBeLessThan(FEW_PAGES);
  });

  it("nor by who looks for what another process could not serve", async () => {
    const values = [[destination], ["signing_secret_unreadable"], 1_000];
    expect(await pagesOf(releaseServable, values)).toBeLessThan(FEW_PAGES);
  });
});

it("finds what is stopped among the backlog, and nothing else", async () => {
  const stop =
    "UPDATE holdfast.delivery SET held_reason = $1 WHERE id = (SELECT id FROM holdfast.delivery WHERE held_reason = 'destination_gated' LIMIT 1)";
  await db.pool.query(stop, ["destination_paused"]);
  await db.pool.query(stop, ["signing_secret_unreadable"]);
  expect((await db.run(releaseActive, [1_000])).rowCount).toBe(1);
  expect((await db.run(releaseServable, [[destination], ["signing_secret_unreadable"], 1_000])).rowCount).toBe(1);
  expect((await db.run(releaseActive, [1_000])).rowCount).toBe(0);
  const { rows } = await db.pool.query(
    "SELECT held_reason, count(*)::int FROM holdfast.delivery GROUP BY 1 ORDER BY 1",
  );
  expect(rows).toEqual([
    { held_reason: "destination_gated", count: BACKLOG - 1 },
    { held_reason: null, count: 2 },
  ]);
});
