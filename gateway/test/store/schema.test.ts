import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FINISHED_STATES, LEGAL_MOVES, UNFINISHED_STATES } from "../../src/domain/delivery.ts";
import { PARTITIONED, ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { IMPOSSIBLE } from "../support/impossible-rows.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";
import type { Row } from "../support/valid-rows.ts";
import { ROW_TIME, VALID_ROWS, insertOf, rowId } from "../support/valid-rows.ts";

const now = ROW_TIME;
const UNUSED_VERSION = "v2";
const UNUSED_DESTINATION = rowId();
const leased = { state: "leased", attempt: 1, lease: rowId(), lease_until: now };

// `attempt >= 0` follows from `refusals BETWEEN 0 AND attempt`; it stands there to be read.
const IMPLIED = ["delivery_attempt_check"];

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  const pool = openTestPool(database, 1);
  await ensurePartitions(pool, now.getTime(), 1);
  await pool.close();
  await client.query("BEGIN");
  for (const [table, row] of VALID_ROWS) await client.query(insertOf(table, row));
  await client.query(insertOf("secret_version", changed("secret_version", { version: UNUSED_VERSION })));
  await client.query(insertOf("destination", changed("destination", { id: UNUSED_DESTINATION, name: "unused" })));
  await client.query("DELETE FROM holdfast.bucket_slot");
});

afterAll(async () => {
  await client?.query("ROLLBACK");
  await client?.end();
  await database?.drop();
});

/** The name of the constraint that refuses the statement, or null; leaves nothing behind. */
async function refusedBy(table: string, row: Row, dropped: string | null): Promise<string | null> {
  await client.query("SAVEPOINT before");
  try {
    if (dropped !== null) await client.query(`ALTER TABLE holdfast.${table} DROP CONSTRAINT ${dropped}`);
    await client.query(insertOf(table, row));
    return null;
  } catch (error) {
    return (error as { constraint?: string }).constraint ?? (error as Error).message;
  } finally {
    await client.query("ROLLBACK TO SAVEPOINT before");
  }
}

/** The table's valid row under the change; the one that stands there already gives way by another key. */
function changed(table: string, change: Row): Row {
  const row = { ...VALID_ROWS.get(table), ...change };
  const fresh = Object.fromEntries(
    ["id", "name", "key", "version", "sha256", "fingerprint", "process", "target", "k", "token", "delivery_id"]
      .filter((column) => column in row && !(column in change))
      .map((column) => [column, freshValue(table, column)]),
  );
  const other = table.startsWith("destination_") ? { destination_id: UNUSED_DESTINATION } : {};
  return { ...row, ...fresh, ...other, ...(table === "duplicate" ? { event_id: rowId() } : {}) };
}

function freshValue(table: string, column: string): unknown {
  if (table === "secret_usage") return UNUSED_VERSION;
  if (column === "target") return "normal";
  if (column === "process") return "host:2";
  if (column === "fingerprint") return Buffer.alloc(32, 9).toString("hex");
  if (table === "tenant" || column === "name" || column === "version") return "another";
  if (column === "sha256") return Buffer.alloc(32, 9);
  return table === "source" && column === "key" ? "another-source-key" : rowId();
}

describe("the database takes a row that can be", () => {
  it("in every table", async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c
        WHERE c.relnamespace = 'holdfast'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    );
    const known = new Set([...VALID_ROWS.keys(), "bucket_slot", "setting", "migration"]);
    expect(rows.map((row) => row.name).toSorted()).toEqual([...known].toSorted());
  });

  it.each(["processed", "dead"])("in finished_delivery as %s", async (state) => {
    const reason = state === "dead" ? "gone" : null;
    expect(
      await refusedBy("finished_delivery", changed("finished_delivery", { state, reason, retried_as: null }), null),
    ).toBeNull();
  });

  it.each([
    ["ready", {}],
    ["scheduled", { due_at: now, attempt: 1 }],
    ["held", { held_reason: "destination_paused" }],
    ["leased", leased],
  ])("in delivery as %s", async (state, more) => {
    expect(await refusedBy("delivery", changed("delivery", { ...more, state }), null)).toBeNull();
  });
});

describe("the database refuses a row that cannot be", () => {
  it.each(IMPOSSIBLE)("%s: %s %j", async (constraint, table, change) => {
    const row = changed(table, change);
    expect(await refusedBy(table, row, null)).toBe(constraint);
    // Without the constraint the same row is taken: nothing else was wrong with it.
    expect(await refusedBy(table, row, constraint)).toBeNull();
  });

  it("by every CHECK that the schema has", async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint
        WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'holdfast'::regnamespace`,
    );
    const shown = new Set([...IMPOSSIBLE.map(([constraint]) => constraint), ...IMPLIED]);
    expect(rows.map((row) => row.name).toSorted()).toEqual([...shown].toSorted());
  });
});

describe("the states of the code and of the database are the same", () => {
  async function listed(constraint: string): Promise<string[]> {
    const { rows } = await client.query<{ definition: string }>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname = $1 AND coninhcount = 0 AND connamespace = 'holdfast'::regnamespace`,
      [constraint],
    );
    return [...(rows[0]?.definition ?? "").matchAll(/'([a-z_]+)'/g)].map((match) => match[1]!).toSorted();
  }

  it("for unfinished and finished deliveries", async () => {
    expect(await listed("delivery_state_check")).toEqual([...UNFINISHED_STATES].toSorted());
    expect(await listed("finished_delivery_state_check")).toEqual([...FINISHED_STATES].toSorted());
  });

  it("for what may follow an attempt", async () => {
    const follow = new Set(LEGAL_MOVES.filter((move) => move.from === "leased").map((move) => move.to));
    expect(await listed("attempt_next_state_check")).toEqual([...follow].toSorted());
  });
});

describe("the tables keep the step to a cluster open", () => {
  const hotTables = ["bucket_slot", "dedupe", "delivery", ...PARTITIONED];

  it("bucket leads every primary and unique key of a hot table", async () => {
    const { rows } = await client.query<{ table: string; columns: string[] }>(
      `SELECT t.relname AS table, array_agg(a.attname::text ORDER BY k.place) AS columns
         FROM pg_index i
         JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'holdfast'::regnamespace AND NOT t.relispartition
         CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
        WHERE i.indisunique AND t.relname = ANY($1::text[])
        GROUP BY t.relname, i.indexrelid`,
      [hotTables],
    );
    expect(new Set(rows.map((row) => row.table))).toEqual(new Set(hotTables));
    expect(rows.filter((row) => row.columns[0] !== "bucket")).toEqual([]);
  });

  it("no trigger, rule, sequence, unlogged table, volatile default, foreign key of a hot table, or second level of partitions", async () => {
    const { rows } = await client.query<{ what: string; name: string }>(
      `SELECT 'trigger' AS what, tgname::text AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'holdfast'::regnamespace AND NOT t.tgisinternal
       UNION ALL SELECT 'rule', rulename::text FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = 'holdfast'::regnamespace
       UNION ALL SELECT 'sequence or unlogged', relname::text FROM pg_class
        WHERE relnamespace = 'holdfast'::regnamespace AND (relkind = 'S' OR relpersistence <> 'p')
       UNION ALL SELECT 'default', c.relname || '.' || a.attname FROM pg_attrdef d
         JOIN pg_class c ON c.oid = d.adrelid AND c.relnamespace = 'holdfast'::regnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
        WHERE pg_get_expr(d.adbin, d.adrelid) ~ '\\('
       UNION ALL SELECT 'foreign key', conname::text FROM pg_constraint
        WHERE contype = 'f' AND conrelid = ANY($1::regclass[])
       UNION ALL SELECT 'deferrable or exclusion', conname::text FROM pg_constraint
        WHERE connamespace = 'holdfast'::regnamespace AND (condeferrable OR contype = 'x')
       UNION ALL SELECT 'partitions', partrelid::regclass::text FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        WHERE c.relnamespace = 'holdfast'::regnamespace AND (partstrat <> 'r' OR c.relispartition OR partnatts <> 1)`,
      [hotTables.map((table) => `holdfast.${table}`)],
    );
    expect(rows).toEqual([]);
  });
});
