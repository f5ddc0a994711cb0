import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUCKETS } from "../../src/domain/bucket.ts";
import { FINISHED_STATES, LEGAL_MOVES, UNFINISHED_STATES } from "../../src/domain/delivery.ts";
import { runOn } from "../../src/store/statement.ts";
import { PARTITIONED, ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { TestDatabase } from "../support/database.ts";
import { testDatabase } from "../support/database.ts";
import type { Row } from "../support/valid-rows.ts";
import { ROW_TIME, VALID_ROWS, insertOf, rowId } from "../support/valid-rows.ts";

const now = ROW_TIME;
const UNUSED_VERSION = "v2";
const leased = { state: "leased", attempt: 1, lease: rowId(), lease_until: now };

/** Constraint, its table, and what makes the table's valid row break this constraint and no other. */
const IMPOSSIBLE: readonly (readonly [constraint: string, table: string, change: Row])[] = [
  ["api_key_sha256_check", "api_key", { sha256: Buffer.alloc(31) }],
  ["attempt_check", "attempt", { next_due_at: null }],
  ["attempt_check", "attempt", { next_state: "dead" }],
  ["attempt_duration_ms_check", "attempt", { duration_ms: -1 }],
  ["attempt_next_state_check", "attempt", { next_state: "leased", next_due_at: null }],
  ["attempt_number_check", "attempt", { number: 0 }],
  ["bucket_slot_bucket_check", "bucket_slot", { bucket: -1 }],
  ["bucket_slot_bucket_check", "bucket_slot", { bucket: BUCKETS }],
  ["bucket_slot_dedupe_step_check", "bucket_slot", { bucket: 1, dedupe_step: 1 }],
  ["dedupe_generation_check", "dedupe_generation", { gen: 8, closed_at: new Date(now.getTime() - 1) }],
  ["dedupe_generation_gen_check", "dedupe_generation", { gen: 0 }],
  ["delivery_check", "delivery", { refusals: 1 }],
  ["delivery_check", "delivery", { refusals: -1 }],
  ["delivery_check1", "delivery", { state: "scheduled" }],
  ["delivery_check1", "delivery", { due_at: now }],
  ["delivery_check2", "delivery", { state: "held" }],
  ["delivery_check2", "delivery", { held_reason: "paused" }],
  ["delivery_check3", "delivery", { ...leased, lease: null }],
  ["delivery_check3", "delivery", { lease: rowId() }],
  ["delivery_check4", "delivery", { ...leased, lease_until: null }],
  ["delivery_check4", "delivery", { lease_until: now }],
  ["delivery_check5", "delivery", { ...leased, attempt: 0 }],
  ["lane_tag_priority_check", "lane_tag", { priority: 4 }],
  ["lane_tag_tag_check", "lane_tag", { lane: "other", tag: 0 }],
  ["virtual_time_priority_check", "virtual_time", { priority: -1 }],
  ["virtual_time_v_check", "virtual_time", { priority: 1, v: 1.8e12 }],
  ["delivery_priority_check", "delivery", { priority: 4 }],
  ["delivery_state_check", "delivery", { state: "processed" }],
  ["delivery_trigger_check", "delivery", { trigger: "manual" }],
  ["destination_check", "destination", { url: null }],
  ["destination_check1", "destination", { handler: "onPaid" }],
  ["destination_check2", "destination", { signing_secret: null }],
  ["destination_check3", "destination", { state: "paused" }],
  ["destination_kind_check", "destination", { kind: "email", url: null, signing_secret: null }],
  ["destination_name_check", "destination", { name: "Billing" }],
  ["destination_origin_check", "destination", { origin: "elsewhere" }],
  ["destination_state_check", "destination", { state: "gone", state_reason: "x" }],
  ["duplicate_check", "duplicate", { variants: 3 }],
  ["duplicate_check1", "duplicate", { variants: 0 }],
  ["duplicate_check1", "duplicate", { variant_sha256: null }],
  ["duplicate_count_check", "duplicate", { count: 0, variants: 0, variant_sha256: null }],
  ["event_body_sha256_check", "event", { body_sha256: Buffer.alloc(33) }],
  ["event_event_key_check", "event", { event_key: Buffer.alloc(0) }],
  ["event_verified_by_check", "event", { verified_by: "nobody" }],
  ["finished_delivery_attempt_check", "finished_delivery", { attempt: 0 }],
  ["finished_delivery_check", "finished_delivery", { reason: null }],
  ["finished_delivery_check", "finished_delivery", { state: "processed", retried_as: null }],
  ["finished_delivery_check1", "finished_delivery", { state: "processed", reason: null }],
  ["finished_delivery_priority_check", "finished_delivery", { priority: -1 }],
  ["finished_delivery_state_check", "finished_delivery", { state: "ready", reason: null, retried_as: null }],
  ["finished_delivery_trigger_check", "finished_delivery", { trigger: "manual" }],
  ["leadership_check", "leadership", { epoch: 0 }],
  ["leadership_check", "leadership", { holder: null }],
  ["leadership_epoch_check", "leadership", { epoch: -1, holder: null }],
  ["process_check", "process", { seen_at: new Date(now.getTime() - 1) }],
  ["process_roles_check", "process", { roles: [] }],
  ["rejection_body_sha256_check", "rejection", { body_sha256: Buffer.alloc(0) }],
  ["rejection_status_check", "rejection", { status: 200 }],
  ["retry_loop_cause_check", "retry_loop", { kind: "duplicate", reason: null, cause: "lost" }],
  ["retry_loop_check", "retry_loop", { cause: "redelivered" }],
  ["retry_loop_check1", "retry_loop", { reason: null }],
  ["retry_loop_check2", "retry_loop", { first_at: new Date(now.getTime() + 1) }],
  ["retry_loop_count_check", "retry_loop", { count: 0 }],
  ["retry_loop_fingerprint_check", "retry_loop", { fingerprint: "x" }],
  ["retry_loop_kind_check", "retry_loop", { kind: "other", cause: "redelivered", reason: null }],
  ["route_fault_check", "route_fault", { route_id: rowId(), last_at: new Date(now.getTime() - 1) }],
  ["route_fault_faults_check", "route_fault", { route_id: rowId(), faults: 0 }],
  ["route_name_check", "route", { name: "" }],
  ["route_origin_check", "route", { origin: "elsewhere" }],
  ["route_policy_check", "route", { policy: "[]" }],
  ["route_priority_check", "route", { priority: 4 }],
  ["route_state_check", "route", { state: "paused" }],
  ["secret_usage_check", "secret_usage", { first_used_at: new Date(now.getTime() + 1) }],
  ["secret_usage_uses_check", "secret_usage", { uses: 0 }],
  ["secret_version_activated_check", "secret_version", { activated_at: null }],
  ["secret_version_activated_check", "secret_version", { state: "pending" }],
  ["secret_version_check", "secret_version", { state: "retiring" }],
  ["secret_version_end_check", "secret_version", { not_after: now }],
  ["secret_version_live_check", "secret_version", { position: 10 }],
  ["secret_version_live_check", "secret_version", { position: -1 }],
  ["secret_version_retired_check", "secret_version", { state: "retired" }],
  ["secret_version_retired_check", "secret_version", { retired_at: now }],
  ["secret_version_state_check", "secret_version", { state: "old" }],
  ["secret_version_version_check", "secret_version", { version: "v 1" }],
  ["source_body_bytes_max_check", "source", { body_bytes_max: 26_214_401 }],
  ["source_key_check", "source", { key: "short" }],
  ["source_name_check", "source", { name: "-x" }],
  ["source_origin_check", "source", { origin: "elsewhere" }],
  ["source_policy_check", "source", { policy: "[]" }],
  ["source_receiver_check", "source", { receiver: '{"password":"x"}' }],
  ["source_receiver_check", "source", { receiver: '{"verifyToken":"x"}' }],
  ["source_state_check", "source", { state: "paused" }],
  ["saturation_check", "saturation", { level: 0 }],
  ["saturation_check1", "saturation", { value: null }],
  ["saturation_level_check", "saturation", { level: 5 }],
  ["tenant_id_check", "tenant", { id: "Acme" }],
  ["throttle_action_check", "throttle", { action: "stop", admit_percent: null }],
  ["throttle_admit_percent_check", "throttle", { admit_percent: 100 }],
  ["throttle_check", "throttle", { scope: "all" }],
  ["throttle_check1", "throttle", { target: "urgent" }],
  ["throttle_check2", "throttle", { admit_percent: null }],
  ["throttle_check3", "throttle", { until: now }],
  ["throttle_scope_check", "throttle", { scope: "tenant" }],
];

// `attempt >= 0` follows from `refusals BETWEEN 0 AND attempt`; it stands there to be read.
const IMPLIED = ["delivery_attempt_check"];

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  await ensurePartitions({ run: (statement, values) => runOn(client, statement, values) }, now.getTime(), 1);
  await client.query("BEGIN");
  for (const [table, row] of VALID_ROWS) await client.query(insertOf(table, row));
  await client.query(insertOf("secret_version", changed("secret_version", { version: UNUSED_VERSION })));
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
    ["id", "name", "key", "version", "sha256", "fingerprint", "process", "target"]
      .filter((column) => column in row && !(column in change))
      .map((column) => [column, freshValue(table, column)]),
  );
  return { ...row, ...fresh, ...(table === "duplicate" ? { event_id: rowId() } : {}) };
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
