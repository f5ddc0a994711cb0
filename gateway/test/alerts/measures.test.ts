import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { disableGone } from "../../src/engine/caretakers/disabler.ts";
import { lookForAlerts } from "../../src/engine/caretakers/alerter.ts";
import { lowestUuid, newUuid } from "../../src/domain/id.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { silentLog } from "../../src/platform/log.ts";
import { MEASURES } from "../../src/store/alerts/measures.ts";
import type { Database } from "../../src/store/database.ts";
import { takeLead } from "../../src/store/processes/leadership.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { openTestPool } from "../support/database.ts";
import { goOnLiving, makeDays } from "./troubles.ts";

const HOLDER = "018f0000-0000-7000-8000-000000000001";
const [DAY_MS, WINDOW_MS] = [86_400_000, 900_000];

let gateway: AdminGateway;
let epoch = 0;
let destinationId = "";
let aheadMs = 0;
const errors: Record<string, unknown>[] = [];

beforeAll(async () => {
  gateway = await startAdminGateway();
  await makeDays(gateway);
  await gateway.call("POST", "/destinations", { name: "billing", url: "https://billing.example.com/" });
  destinationId = gateway.catalog().destinations[0]!.id;
  epoch = (await gateway.db.run(takeLead, ["caretakers", HOLDER, 600])).rows[0]!.epoch;
});

afterAll(() => gateway.close());

beforeEach(() => {
  aheadMs = 0;
  errors.length = 0;
});

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

/** One look by a database some of whose statements fail. */
async function look(
  failures: Readonly<Record<string, string>> = {},
  db: Database = gateway.db,
): Promise<number | null> {
  await goOnLiving(gateway);
  const failing: Database = {
    ...db,
    run: (statement, values) => {
      const code = failures[statement.name];
      return code === undefined
        ? db.run(statement, values)
        : Promise.reject(Object.assign(new Error("canceling statement due to statement timeout"), { code }));
    },
  };
  return lookForAlerts({
    db: failing,
    databaseClock: { now: () => new Date(Date.now() + aheadMs), sync: async () => {} },
    leader: { current: () => ({ name: "caretakers", holder: HOLDER, epoch }) },
    catalog: () => indexCatalog(gateway.catalog()),
    box: gateway.box,
    random: (bytes) => randomBytes(bytes),
    log: { ...silentLog, error: (fields) => void errors.push({ ...fields }) },
    unsafe: () => null,
    diskFreeMib: async () => null,
    operator: "default",
  });
}

const standing = () => sql("SELECT rule, state FROM holdfast.alert WHERE state <> 'resolved' ORDER BY rule");

it.each([
  ["measure_dead_letters_grow", ["dead_letters_grow"]],
  ["find_oldest_ready", ["critical_waits", "queue_waits", "no_worker"]],
])("what cannot be read (%s) silences no other rule, and ends nothing that stands", async (name, rules) => {
  await die(11, Date.now(), Date.now());
  await look();
  expect(await standing()).toEqual([{ rule: "dead_letters_grow", state: "firing" }]);
  await sql(
    `INSERT INTO holdfast.destination_gate (destination_id, tokens, refilled_at, breaker, breaker_since, probe_at)
     VALUES ($1, 1, now(), 'open', now(), now())`,
    [destinationId],
  );
  await look({ [name]: "57014" });
  aheadMs = 901_000;
  await sql("UPDATE holdfast.finished_delivery SET finished_at = now() + interval '901 s'");
  await look({ [name]: "57014" });
  expect(await standing()).toEqual([
    { rule: "breaker_open", state: "firing" },
    { rule: "dead_letters_grow", state: "firing" },
  ]);
  expect(errors).toEqual([
    { rules, error: expect.stringContaining("statement timeout") },
    { rules, error: expect.stringContaining("statement timeout") },
  ]);

  await sql("DELETE FROM holdfast.destination_gate");
  await sql("DELETE FROM holdfast.finished_delivery");
  aheadMs += 961_000;
  await look();
  expect(await standing()).toEqual([]);
});

it("a replication slot that nobody reads counts as old where the server does not tell since when, as before PostgreSQL 17", async () => {
  await sql("CREATE SCHEMA older");
  await sql(
    "CREATE TABLE older.pg_replication_slots AS SELECT 'standby_2'::name AS slot_name, false AS active, 'reserved'::text AS wal_status",
  );
  const url = new URL(gateway.db.pool.options.connectionString!);
  url.searchParams.set("options", "-c search_path=older,pg_catalog");
  const older = openTestPool({ url: url.href }, 2);
  onTestFinished(() => older.close());
  await look({}, older);
  aheadMs = 301_000;
  await look({}, older);
  expect(await sql("SELECT rule, state, value, detail FROM holdfast.alert WHERE state <> 'resolved'")).toEqual([
    {
      rule: "old_snapshot",
      state: "firing",
      value: null,
      detail: expect.stringContaining("replication slot standby_2;"),
    },
  ]);
  await sql("UPDATE older.pg_replication_slots SET active = true");
  aheadMs += 61_000;
  await look({}, older);
  expect(await standing()).toEqual([]);
});

it("failures say how long a destination has failed by the last of them, and not by the silence after it", async () => {
  await sql(
    `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
     VALUES ($1, now() - interval '2 days', now() - interval '2 days' + interval '35 s', 3)`,
    [destinationId],
  );
  await look();
  expect(await standing()).toEqual([]);
  await sql("UPDATE holdfast.destination_failure SET last_at = first_at + interval '3601 s', failures = 9");
  await look();
  expect(await standing()).toEqual([{ rule: "destination_failing", state: "firing" }]);
  expect((await gateway.db.run(MEASURES.get("destination_failing")!.statement, [])).rows).toMatchObject([
    {
      subject: destinationId,
      value: 3_601,
      detail: expect.stringMatching(/since .* UTC, the last at .* UTC \(9 so far\)/),
    },
  ]);
  await sql("DELETE FROM holdfast.destination_failure");
  aheadMs = 61_000;
  await look();
  expect(await standing()).toEqual([]);
});

it("who forges at one source hides no other's rejections: beyond what is read, their number is that of the arrivals", async () => {
  const nowMs = Date.now();
  const [missing, mismatch] = ["missing_header", "signature_mismatch"] as const;
  const makeSource = async (name: string): Promise<string> => {
    await gateway.call("POST", "/sources", { name, provider: "stripe", secrets: [`whsec_${"0".repeat(32)}`] });
    return gateway.catalog().sources.find((source) => source.name === name)!.id;
  };
  const reject = (sourceId: string, count: number, ms: number, reason: string) =>
    sql(
      `INSERT INTO holdfast.rejection (bucket, id, tenant, source_id, received_at, status, reason, diagnosis, method, url,
                                       remote_address, headers, body, body_sha256)
       SELECT 7, u.id, 'default', $2, $3, 401, $4, '{}', 'POST', '/', '', '', '', sha256('') FROM unnest($1::uuid[]) AS u(id)`,
      [Array.from({ length: count }, () => newUuid(ms, 7, randomBytes(8))), sourceId, new Date(ms), reason],
    );
  const [forged, hidden, seldom] = [await makeSource("forged"), await makeSource("hidden"), await makeSource("seldom")];
  const measured = async () => {
    const { statement } = MEASURES.get("rejections_grow")!;
    const sinceMs = nowMs - WINDOW_MS;
    const { rows } = await gateway.db.run(statement, [lowestUuid(sinceMs), new Date(sinceMs)]);
    return Object.fromEntries(rows.map(({ subject, value }) => [subject, value]));
  };
  await sql(
    `INSERT INTO holdfast.arrival_minute (source_id, minute, tenant, recorded, duplicates, rejected, unavailable)
     SELECT u.id, $2, 'default', 5, 0, u.rejected, 0 FROM unnest($1::uuid[], $3::int[]) AS u(id, rejected)`,
    [[forged, hidden, seldom], new Date(nowMs - 300_000), [45_000, 15, 16]],
  );
  await reject(hidden, 12, nowMs - 600_000, missing);
  await reject(seldom, 9, nowMs - 600_000, mismatch);
  // All of them are read, so they are counted.
  expect(await measured()).toEqual({ [`${hidden}/${missing}`]: 12, [`${seldom}/${mismatch}`]: 9 });
  await reject(forged, 9_996, nowMs - 60_000, mismatch);
  await reject(seldom, 3, nowMs - 30_000, mismatch);
  await reject(seldom, 1, nowMs - 30_000, missing);
  expect(await measured()).toEqual({
    [`${forged}/${mismatch}`]: 45_000,
    [`${hidden}/any`]: 15,
    [`${seldom}/${mismatch}`]: 12,
    [`${seldom}/${missing}`]: 4,
  });
  await sql("DELETE FROM holdfast.rejection");
});

it("a destination that was disabled by its answers is told of no more once somebody has disabled it", async () => {
  const telling = async () => (await gateway.db.run(MEASURES.get("destination_disabled")!.statement, [])).rows.length;
  const deps = { db: gateway.db, databaseNow: () => new Date(), refreshCatalog: async () => {}, log: silentLog };
  await disableGone(deps, { id: destinationId, url: "https://billing.example.com/" });
  expect(await telling()).toBe(1);
  const { body } = await gateway.call("DELETE", "/destinations/billing");
  expect(body).toMatchObject({ state: "disabled", stateReason: "disabled through the API" });
  expect(await telling()).toBe(0);
});

it("a database that cannot be reached ends the look: nothing is judged by what was not read", async () => {
  await expect(look({ measure_dead_letters_grow: "57P01" })).rejects.toThrow("statement timeout");
  expect(errors).toEqual([]);
});
