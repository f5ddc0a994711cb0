import { randomBytes } from "node:crypto";
import { newUuid } from "../../src/domain/id.ts";
import { raiseLoops } from "../../src/store/loops/raise-loops.ts";
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

/** What makes each rule about sources and destinations hold in the database, and what ends it. */
export const TROUBLES: readonly (readonly [
  rule: string,
  begin: (gateway: AdminGateway) => Promise<unknown>,
  end: string,
])[] = [
  // First, while the clock has hardly been moved on: a rejection's id says when it came.
  [
    "rejections_grow",
    async (gateway) => {
      for (let i = 0; i < 11; i++) await recordRejection(gateway.db, gateway.catalog().sources[0]!);
    },
    "DELETE FROM holdfast.rejection",
  ],
  [
    "secret_retired_used",
    async (gateway) => {
      await recordRejection(gateway.db, gateway.catalog().sources[0]!);
      await sql(gateway, `UPDATE holdfast.rejection SET diagnosis = '{"likelyCause":"secret_retired"}'`);
    },
    "DELETE FROM holdfast.rejection",
  ],
  [
    "breaker_open",
    (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.destination_gate (destination_id, tokens, refilled_at, breaker, breaker_since, probe_at)
         VALUES ($1, 1, now(), 'open', now(), now())`,
        [destinationId(gateway)],
      ),
    "DELETE FROM holdfast.destination_gate",
  ],
  [
    "destination_failing",
    (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.destination_failure (destination_id, first_at, last_at, failures)
         VALUES ($1, now() - interval '2 hours', now(), 12)`,
        [destinationId(gateway)],
      ),
    "DELETE FROM holdfast.destination_failure",
  ],
  [
    "destination_disabled",
    async (gateway) => {
      await sql(gateway, "UPDATE holdfast.destination SET state = 'disabled', state_reason = 'answered 410 Gone'");
      await sql(
        gateway,
        `INSERT INTO holdfast.destination_notice (destination_id, kind, since, at, detail)
         VALUES ($1, 'disabled', now(), now(), 'answered 410 Gone')`,
        [destinationId(gateway)],
      );
    },
    "UPDATE holdfast.destination SET state = 'active', state_reason = NULL",
  ],
  ["dead_letters_grow", fillDead, "DELETE FROM holdfast.finished_delivery"],
  [
    "retry_loop",
    (gateway) =>
      gateway.db.run(raiseLoops, [
        [sourceId(gateway)],
        ["rejection"],
        ["0".repeat(64)],
        ["refused"],
        ["missing_header"],
        [5],
        [new Date()],
        [new Date()],
      ]),
    "DELETE FROM holdfast.retry_loop",
  ],
  [
    "secret_ends",
    async (gateway) => {
      await sql(
        gateway,
        "UPDATE holdfast.secret_version SET state = 'retiring', not_after = now() + interval '2 hours'",
      );
      await sql(
        gateway,
        `INSERT INTO holdfast.secret_usage (source_id, version, uses, first_used_at, last_used_at)
         SELECT source_id, version, 3, now(), now() FROM holdfast.secret_version`,
      );
    },
    "DELETE FROM holdfast.secret_usage",
  ],
  [
    "throttle_in_force",
    (gateway) =>
      sql(
        gateway,
        `INSERT INTO holdfast.throttle (tenant, scope, target, action, set_at, until)
         VALUES ('default', 'source', $1, 'refuse', now() - interval '20 minutes', now() + interval '1 day')`,
        [sourceId(gateway)],
      ),
    "DELETE FROM holdfast.throttle",
  ],
  ["reconciliation_unexplained", (gateway) => runOf(gateway, "completed"), "DELETE FROM holdfast.reconciliation_run"],
  ["reconciliation_fails", (gateway) => runOf(gateway, "failed"), "DELETE FROM holdfast.reconciliation_run"],
];

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
