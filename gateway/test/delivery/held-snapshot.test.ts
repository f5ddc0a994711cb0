import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { PRIORITIES } from "../../src/domain/priority.ts";
import { createClaimFloors } from "../../src/engine/claim-floors.ts";
import { claim } from "../../src/pipeline/claim.ts";
import { claimFrom, claimReady, countDeadRows } from "../../src/store/deliveries/claim-ready.ts";
import { BY_INDEX } from "../../src/store/plans.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { openTestPool } from "../support/database.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";

/** Ready deliveries of one class, one of each rank; none has an event. */
async function fill(desk: Desk, priority: number, { from, to }: { from: number; to: number }): Promise<void> {
  await desk.query(
    `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state,
       attempt, refusals)
     SELECT 1, n.id, 'default', n.id, n.id, n.id, 'live', $1, 'default', n.rank, 'ready', 0, 0
       FROM (SELECT gen_random_uuid() AS id, generate_series($2::int, $3::int) AS rank) n`,
    [priority, from, to],
  );
}

/** What was worked off: its rows are dead, and the server's statistics know of it at once. */
async function workOff(desk: Desk, { to }: { to: number }): Promise<void> {
  await desk.query(`DELETE FROM holdfast.delivery WHERE rank <= ${to}; SELECT pg_stat_force_next_flush()`);
}

async function holdSnapshot(desk: Desk): Promise<void> {
  const holder = openTestPool(desk.database, 1, { statementTimeoutMs: 30_000, applicationName: "holder" });
  const client = await holder.pool.connect();
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT FROM holdfast.delivery LIMIT 1");
  // Last opened, first closed: before the database is dropped.
  onTestFinished(async () => {
    client.release();
    await holder.close();
  });
}

/** As workers plan. */
function openWorkerPool(desk: Desk) {
  const pool = openTestPool(desk.database, 2, {
    statementTimeoutMs: 30_000,
    applicationName: "claims",
    plans: BY_INDEX,
  });
  onTestFinished(() => pool.close());
  return pool;
}

const LEASE = [randomUUID(), new Date(Date.now() + 60_000).toISOString()];

test("a claim from ranks on goes through the classes in order, takes the lowest of each, and locks no more than it leases", async () => {
  const desk = await openDesk();
  for (const priority of PRIORITIES.keys()) await fill(desk, priority, { from: 1, to: 5 });
  const db = openWorkerPool(desk);
  const client = await db.pool.connect();
  const locked = async (): Promise<number> =>
    20 - (await desk.query("SELECT FROM holdfast.delivery FOR UPDATE SKIP LOCKED")).length;
  for (const [limit, floors, leased] of [
    [1, [1, 1, 1, 1], ["0 1"]],
    [4, [4, 3, 1, 1], ["0 4", "0 5", "1 3", "1 4"]],
    [7, [6, 6, 4, 1], ["2 4", "2 5", "3 1", "3 2", "3 3", "3 4", "3 5"]],
    [50, [6, 6, 6, 5], ["3 5"]],
  ] as const) {
    await client.query("BEGIN");
    const { rows } = await client.query(claimFrom.text, [limit, ...LEASE, ...floors]);
    expect(rows.map(({ priority, rank }) => `${priority} ${rank}`).toSorted()).toEqual(leased);
    expect(await locked()).toBe(leased.length);
    await client.query("ROLLBACK");
  }
  client.release();
});

test("it passes over what a held snapshot keeps of those that were worked off: a claim from the head reads all of it", async () => {
  const desk = await openDesk();
  await fill(desk, 2, { from: 1, to: 20_200 });
  await desk.query("VACUUM ANALYZE holdfast.delivery");
  await holdSnapshot(desk);
  await workOff(desk, { to: 20_000 });
  const client = await openWorkerPool(desk).pool.connect();
  const pagesRead = async (text: string, values: readonly unknown[]): Promise<number> => {
    await client.query("BEGIN");
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, [...values]);
    await client.query("ROLLBACK");
    const { Plan } = rows[0]["QUERY PLAN"][0] as { Plan: Record<string, number> };
    return Plan["Shared Hit Blocks"]! + Plan["Shared Read Blocks"]!;
  };
  const head = await pagesRead(claimReady.text, [10, ...LEASE]);
  const floors = await pagesRead(claimFrom.text, [10, ...LEASE, 1, 1, 20_000, 1]);
  client.release();
  expect(floors * 3).toBeLessThan(head);
});

test("under a held snapshot claims begin above what is dead; one that comes back below is found, and none twice", async () => {
  const desk = await openDesk();
  await fill(desk, 2, { from: 1, to: 110_300 });
  await holdSnapshot(desk);
  await workOff(desk, { to: 110_000 });
  const pool = openWorkerPool(desk);
  expect((await pool.run(countDeadRows, [])).rows[0]!.dead).toBeGreaterThanOrEqual(100_000);
  let nowMs = 0;
  const clock = { now: () => new Date(), monotonicMs: () => nowMs };
  // What passing the dead takes depends on the machine; that it takes long is what this is about.
  let counted: Promise<unknown> = Promise.resolve();
  const db: Queryable = {
    run: async (statement, values) => {
      nowMs += statement.name === claimReady.name ? 50 : 1;
      const answered = pool.run(statement, values);
      if (statement.name === countDeadRows.name) counted = answered;
      return await answered;
    },
  };
  const queue = { stand: 1 };
  const ranks = {
    virtualTime: () => queue.stand,
    claimed: (_: number, rank: number) => {
      claimed.push(rank);
      queue.stand = Math.max(queue.stand, rank);
    },
  };
  const begun: (readonly number[] | null)[] = [];
  const claimed: number[] = [];
  const floors = createClaimFloors({ clock, db, ranks });
  const deps = {
    db,
    clock,
    databaseNow: () => new Date(),
    syncTime: () => null,
    leaseMs: 60_000,
    onDoubt: () => {},
    claimFloors: () => floors.claimFloors(),
    onClaimed: (answered: Parameters<typeof floors.onClaimed>[0]) => {
      begun.push(answered.from);
      floors.onClaimed(answered);
    },
  };
  const claimOne = async (): Promise<void> => {
    await claim(deps, 10);
    await counted;
    nowMs += 600;
  };
  for (let i = 0; i < 8; i++) await claimOne();
  expect(begun.filter((from) => from !== null).length).toBeGreaterThan(2);
  expect(begun.at(-2)?.[2] ?? begun.at(-1)?.[2]).toBeGreaterThan(110_000);
  await fill(desk, 2, { from: 7, to: 7 });
  const before = begun.length;
  while (!claimed.includes(7)) await claimOne();
  expect(begun.slice(before).slice(0, -1)).not.toContain(null);
  expect(begun.at(-1)).toBeNull();
  for (let i = 0; i < 40; i++) await claimOne();
  const wanted = [7, ...Array.from({ length: 300 }, (_, i) => 110_001 + i)];
  expect(claimed.toSorted((a, b) => a - b)).toEqual(wanted);
});
