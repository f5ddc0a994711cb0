import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { MEASURES } from "../../src/store/alerts/measures.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

const [DAY_MS, WINDOW_MS] = [86_400_000, 900_000];

let gateway: AdminGateway;
let destinationId = "";

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/destinations", { name: "billing", url: "https://billing.example.com/" });
  destinationId = gateway.catalog().destinations[0]!.id;
});

afterAll(() => gateway.close());

const sql = async (text: string, values: unknown[] = []) =>
  (await gateway.db.pool.query(text, values)).rows as Record<string, unknown>[];

/** Lets deliveries die that were made at one moment, at another one. */
async function die(count: number, madeMs: number, diedMs: number): Promise<void> {
  const ids = Array.from({ length: count }, () => newUuid(madeMs, 7, randomBytes(8)));
  await sql(
    `INSERT INTO holdfast.finished_delivery
       (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, state, attempt, reason, finished_at)
     SELECT 7, u.id, 'default', u.id, $2, u.id, 'live', 2, 'l', 'dead', 1, 'refused', $3 FROM unnest($1::uuid[]) AS u(id)`,
    [ids, destinationId, new Date(diedMs)],
  );
}

it("deliveries that were made long ago and die now are counted, however many of the newer ones had died before", async () => {
  const nowMs = Date.now();
  await die(11, nowMs - DAY_MS, nowMs);
  await die(10_001, nowMs, nowMs - 2 * WINDOW_MS);
  const { statement } = MEASURES.get("dead_letters_grow")!;
  const since = new Date(nowMs - WINDOW_MS);
  expect((await gateway.db.run(statement, [since])).rows).toMatchObject([{ subject: destinationId, value: 11 }]);

  await sql("ANALYZE holdfast.finished_delivery");
  const plan = await sql(`EXPLAIN (FORMAT JSON) ${statement.text}`, [since]);
  // What had died before is not read: the window is a condition of the index.
  expect(JSON.stringify(plan)).toMatch(/"Index Cond":"[^"]*finished_at >= /);
  await sql("DELETE FROM holdfast.finished_delivery");
});
