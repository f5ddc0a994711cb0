import { describe, expect, onTestFinished, test } from "vitest";
import { collectStatements } from "../../../test/support/statements.ts";
import { RECORDER_POOL } from "../../src/engine/recorder.ts";
import type { Plans } from "../../src/store/plans.ts";
import { BY_INDEX, BY_KEY } from "../../src/store/plans.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

/** The statements on the way of a delivery, by how the connections that run them plan. */
const WORKER = ["claim_from", "claim_ready", "find_due", "find_events", "find_expired", "stage_due"];
/** Without `release_keys`, which few arrivals need: a DELETE cannot look up by a LATERAL (docs/decisions/0016). */
const DOOR = ["claim_free_keys", "claim_keys", "count_duplicates", "find_key_owners"];
const SETTLER = ["copy_finished", "delete_finished", "find_attempts", "insert_attempts", "put_back"];

// Their limit is among what decides how they are planned.
const LEASE = [64, "00000000-0000-4000-8000-000000000001", new Date()];
const PLANNED_ANEW = new Map([
  ["claim_ready", LEASE],
  ["claim_from", [...LEASE, 1, 1, 1, 1]],
]);

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly "TID Cond"?: string;
  readonly Plans?: readonly Node[];
}

/** The first column of each index. */
async function leadersOf(pool: Database): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.pool.query<{ name: string; leader: string }>(
    `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid, 1, true) AS leader
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid`,
  );
  return new Map(rows.map(({ name, leader }) => [name, leader]));
}

/** Where a plan goes through a whole table, or through a whole index: one that is asked for its second column alone is read to its end. */
function wholeScans(node: Node, leaders: ReadonlyMap<string, string>): string[] {
  const relation = node["Relation Name"];
  const index = node["Index Name"];
  const isScan = relation !== undefined && node["Node Type"].endsWith("Scan");
  // In its order, and no further than its limit.
  const isClaim = index === "delivery_ready";
  const isByKey = index !== undefined && (node["Index Cond"] ?? "").includes(`(${leaders.get(index)} `);
  const isWhole = isScan && !isClaim && !isByKey && node["TID Cond"] === undefined;
  return [
    ...(isWhole ? [`${node["Node Type"]} of ${relation} by ${index ?? "no index"}`] : []),
    ...(node.Plans ?? []).flatMap((child) => wholeScans(child, leaders)),
  ];
}

/** What a queue leaves behind under a snapshot that somebody holds: thousands of pages, and next to no rows that count. */
async function leaveDead(database: TestDatabase, pool: Database): Promise<void> {
  const holder = openTestPool(database, 1);
  const client = await holder.pool.connect();
  onTestFinished(async () => {
    client.release();
    await holder.close();
  });
  await pool.pool.query(
    `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state,
       attempt, refusals)
     SELECT 1, n.id, 'default', n.id, n.id, n.id, 'live', 2, 'default', 1, 'ready', 0, 0
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 20000)) n`,
  );
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT FROM holdfast.delivery LIMIT 1");
  await pool.pool.query("DELETE FROM holdfast.delivery");
}

// A plan is kept until the statistics change: a minute at least, in which a burst may have put hundreds of thousands there.
describe.each([
  ["empty", async () => {}],
  ["full of dead rows", leaveDead],
] as const)("no plan that was made while the tables were %s", (_, prepare) => {
  test.each([
    ["workers", BY_INDEX, WORKER],
    ["settlers", BY_KEY, SETTLER],
    ["doors", RECORDER_POOL.plans, DOOR],
  ] as const)("by %s goes through a whole one", async (_who, plans: Plans, names) => {
    const database = await testDatabase();
    const pool = openTestPool(database, 1, { plans });
    onTestFinished(async () => {
      await pool.close();
      await database.drop();
    });
    await ensurePartitions(pool, Date.now(), 1);
    await prepare(database, pool);
    await pool.pool.query("VACUUM ANALYZE");
    const statements = (await collectStatements()).filter(({ name }) => names.includes(name));
    expect(statements.map(({ name }) => name)).toEqual(names);
    const leaders = await leadersOf(pool);
    for (const { name, text } of statements) {
      const given = PLANNED_ANEW.get(name);
      const options = given === undefined ? "GENERIC_PLAN, FORMAT JSON" : "FORMAT JSON";
      const { rows } = await pool.pool.query(`EXPLAIN (${options}) ${text}`, given);
      const { Plan } = rows[0]["QUERY PLAN"][0] as { Plan: Node };
      expect([name, wholeScans(Plan, leaders)]).toEqual([name, []]);
    }
  });
});
