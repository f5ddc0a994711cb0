import { randomBytes } from "node:crypto";
import type { PoolClient } from "pg";
import { newUuid } from "../../src/domain/id.ts";
import { raiseLoops } from "../../src/store/loops/raise-loops.ts";
import { beat } from "../../src/store/processes/process-rows.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { recordRejection } from "../support/recorded-events.ts";
import { insertOf } from "../support/valid-rows.ts";

const sql = (gateway: AdminGateway, text: string, values: unknown[] = []) => gateway.db.pool.query(text, values);
const sourceId = (gateway: AdminGateway): string => gateway.catalog().sources[0]!.id;
const destinationId = (gateway: AdminGateway): string => gateway.catalog().destinations[0]!.id;
const insert = (gateway: AdminGateway, table: string, row: Readonly<Record<string, unknown>>) =>
  sql(gateway, insertOf(table, row).text, insertOf(table, row).values);

async function fillDead(gateway: AdminGateway): Promise<void> {
  for (let i = 0; i < 11; i++) {
    const id = newUuid(Date.now(), 7, randomBytes(8));
    const event = { bucket: 7, id, tenant: "default", event_id: id, destination_id: destinationId(gateway), key: id };
    await insert(gateway, "finished_delivery", {
      ...event,
      trigger: "live",
      priority: 2,
      lane: "l",
      state: "dead",
      attempt: 1,
      reason: "refused",
      finished_at: new Date(),
    });
  }
}

/** What the gateway knows of itself and no table holds. */
export interface Standing {
  unsafe: string | null;
  diskFreeMib: number | null;
}

/** What makes a rule hold, and what ends it. */
export interface Trouble {
  readonly rule: string;
  readonly begin: (gateway: AdminGateway, standing: Standing) => Promise<unknown>;
  /** A statement, or a step. */
  readonly end: string | ((standing: Standing, gateway: AdminGateway) => Promise<unknown>);
  /** For how long it has to hold; a quarter of an hour when absent. */
  readonly heldMs?: number;
}

const QUIET: Pick<Trouble, "end"> = {
  end: async (standing) => Object.assign(standing, { unsafe: null, diskFreeMib: null }),
};
const SATURATION_OVER = "DELETE FROM holdfast.saturation";

const LIVING = "018f0000-0000-7000-8000-000000000002";

let held: PoolClient;

/** Every rule with what makes it hold, in the database wherever it is read from there. */
export const TROUBLES: readonly Trouble[] = [
  // First, while the clock has hardly been moved on: a rejection's id says when it came.
  {
    rule: "rejections_grow",
    heldMs: 0,
    begin: async (gateway) => {
      for (let i = 0; i < 11; i++) await recordRejection(gateway.db, gateway.catalog().sources[0]!);
    },
    end: "DELETE FROM holdfast.rejection",
  },
  {
    rule: "secret_retired_used",
    heldMs: 0,
    begin: async (gateway) => {
      await recordRejection(gateway.db, gateway.catalog().sources[0]!);
      await sql(gateway, `UPDATE holdfast.rejection SET diagnosis = '{"likelyCause":"secret_retired"}'`);
    },
    end: "DELETE FROM holdfast.rejection",
  },
  {
    rule: "breaker_open",
    begin: (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.destination_gate (destination_id, tokens, refilled_at, breaker, breaker_since, probe_at)
         VALUES ($1, 1, now(), 'open', now(), now())`,
        [destinationId(gateway)],
      ),
    end: "DELETE FROM holdfast.destination_gate",
  },
  {
    rule: "destination_failing",
    begin: (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
         VALUES ($1, now() - interval '2 hours', now(), 12)`,
        [destinationId(gateway)],
      ),
    end: "DELETE FROM holdfast.destination_failure",
  },
  {
    rule: "destination_disabled",
    begin: async (gateway) => {
      await sql(gateway, "UPDATE holdfast.destination SET state = 'disabled', state_reason = 'answered 410 Gone'");
      await sql(
        gateway,
        `INSERT INTO holdfast.destination_notice (destination_id, kind, since, at, detail)
         VALUES ($1, 'disabled', now(), now(), 'answered 410 Gone')`,
        [destinationId(gateway)],
      );
    },
    end: "UPDATE holdfast.destination SET state = 'active', state_reason = NULL",
  },
  { rule: "dead_letters_grow", begin: fillDead, end: "DELETE FROM holdfast.finished_delivery" },
  { rule: "retry_loop", begin: raiseLoop, end: "DELETE FROM holdfast.retry_loop" },
  { rule: "secret_ends", begin: useEndingSecret, end: "DELETE FROM holdfast.secret_usage" },
  {
    rule: "throttle_in_force",
    begin: (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.throttle (tenant, scope, target, action, set_at, until)
         VALUES ('default', 'source', $1, 'refuse', now() - interval '20 minutes', now() + interval '1 day')`,
        [sourceId(gateway)],
      ),
    end: "DELETE FROM holdfast.throttle",
  },
  {
    rule: "reconciliation_unexplained",
    begin: (gateway) => runOf(gateway, "completed"),
    end: "DELETE FROM holdfast.reconciliation_run",
  },
  {
    rule: "reconciliation_fails",
    begin: (gateway) => runOf(gateway, "failed"),
    end: "DELETE FROM holdfast.reconciliation_run",
  },
  { rule: "critical_waits", begin: (gateway) => letWait(gateway, 0), end: "DELETE FROM holdfast.delivery" },
  { rule: "queue_waits", begin: (gateway) => letWait(gateway, 3), end: "DELETE FROM holdfast.delivery" },
  { rule: "overloaded", begin: (gateway) => saturate(gateway, 1), end: SATURATION_OVER },
  // Not for so long that it counts as overloaded as well.
  { rule: "refuses_high", heldMs: 61_000, begin: (gateway) => saturate(gateway, 3), end: SATURATION_OVER },
  {
    ...QUIET,
    rule: "database_unsafe",
    begin: async (_gateway, standing) => Object.assign(standing, { unsafe: "fsync is off" }),
  },
  {
    ...QUIET,
    rule: "disk_low",
    begin: async (_gateway, standing) => Object.assign(standing, { diskFreeMib: 2_047 }),
  },
  {
    rule: "partitions_end",
    begin: loseDays,
    end: (_standing, gateway) => makeDays(gateway),
  },
  {
    rule: "no_ingest",
    begin: (gateway) => liveWith(gateway, "worker"),
    end: (_standing, gateway) => liveWith(gateway),
  },
  {
    rule: "no_worker",
    // Not for so long that it counts as one that waits as well.
    heldMs: 61_000,
    begin: async (gateway) => {
      await liveWith(gateway, "ingest");
      await letWait(gateway, 3);
    },
    end: async (_standing, gateway) => {
      await sql(gateway, "DELETE FROM holdfast.delivery");
      await liveWith(gateway);
    },
  },
  {
    rule: "old_snapshot",
    // The server's own clock says how old it is, so the rule is told to mind a young one.
    begin: async (gateway) => {
      await gateway.call("PATCH", "/alerts/rules/old_snapshot", { threshold: 0 });
      held = await gateway.db.pool.connect();
      await held.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await held.query("SELECT count(*) FROM holdfast.source");
    },
    end: async () => {
      await held.query("ROLLBACK");
      held.release();
    },
  },
];

function raiseLoop(gateway: AdminGateway): Promise<unknown> {
  const [id, hash, now] = [sourceId(gateway), "0".repeat(64), new Date()];
  return gateway.db.run(raiseLoops, [[id], ["rejection"], [hash], ["refused"], ["missing_header"], [5], [now], [now]]);
}

async function useEndingSecret(gateway: AdminGateway): Promise<void> {
  await sql(gateway, "UPDATE holdfast.secret_version SET state = 'retiring', not_after = now() + interval '12 hours'");
  await sql(
    gateway,
    `INSERT INTO holdfast.secret_usage (source_id, version, uses, first_used_at, last_used_at)
     SELECT source_id, version, 3, now(), now() FROM holdfast.secret_version`,
  );
}

/** Lets a delivery of a class stand ready for an hour. */
function letWait(gateway: AdminGateway, priority: 0 | 3): Promise<unknown> {
  const id = newUuid(Date.now(), 7, randomBytes(8));
  return insert(gateway, "delivery", {
    bucket: 7,
    id,
    tenant: "default",
    event_id: id,
    destination_id: destinationId(gateway),
    key: id,
    trigger: "live",
    priority,
    lane: "l",
    rank: 1,
    attempt: 0,
    refusals: 0,
    state: "ready",
    ready_at: new Date(Date.now() - 3_600_000),
  });
}

/** One process with these roles and no other, seen now; with both when none is named. */
async function liveWith(gateway: AdminGateway, ...roles: ("ingest" | "worker")[]): Promise<void> {
  await sql(gateway, "DELETE FROM holdfast.process");
  const named = roles.length === 0 ? ["ingest", "worker"] : roles;
  await gateway.db.run(beat, [LIVING, "one", 1, named, "0.0.0-test"]);
}

/** The process is seen again, with the roles that it has. */
export async function goOnLiving({ db }: AdminGateway): Promise<void> {
  await db.run(beat, [LIVING, "one", 1, ["ingest", "worker"], "0.0.0-test"]);
}

/** Makes more days ahead than the clock of these tests is moved on by. */
export function makeDays({ db }: AdminGateway): Promise<unknown> {
  return ensurePartitions(db, Date.now(), 9);
}

/** Leaves one table with no day beyond tomorrow. */
async function loseDays(gateway: AdminGateway): Promise<void> {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
  const { rows } = await sql(
    gateway,
    "SELECT relname AS name FROM pg_class WHERE relname ~ '^rejection_p[0-9]{8}$' AND right(relname, 8) > $1",
    [tomorrow],
  );
  for (const { name } of rows as { name: string }[]) await sql(gateway, `DROP TABLE holdfast.${name}`);
}

const saturate = (gateway: AdminGateway, level: 1 | 3): Promise<unknown> =>
  sql(
    gateway,
    `INSERT INTO holdfast.saturation (process, level, signal, value, threshold, since, seen_at, refused)
     VALUES ('one', $1, 'depth', 2, 1, now(), now() + interval '1 hour', '{}')`,
    [level],
  );

async function runOf(gateway: AdminGateway, state: "completed" | "failed"): Promise<void> {
  await gateway.call("POST", "/reconciliations", {
    name: "stripe-log",
    source: "stripe",
    connector: { kind: "stripe" },
    secret: "rk_live_1",
    eventTypes: ["*"],
  });
  const counts = state === "completed" ? { listed: 2, missing: 2, unexplained: 2 } : { detail: "401" };
  const { rows } = await sql(gateway, "SELECT id FROM holdfast.reconciliation");
  await insert(gateway, "reconciliation_run", {
    id: newUuid(Date.now(), 7, randomBytes(8)),
    reconciliation_id: (rows[0] as { id: string }).id,
    tenant: "default",
    cause: "requested",
    started_by: "local",
    continues: true,
    window_from: new Date(0),
    window_to: new Date(),
    state,
    page_items: 100,
    due_at: new Date(),
    started_at: new Date(),
    finished_at: new Date(),
    ...counts,
  });
}
