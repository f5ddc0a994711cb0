import { accessRows } from "./access-rows.ts";
import { alertRows } from "./alert-rows.ts";
import { recoveryRows } from "./recovery-rows.ts";
import { newUuid } from "../../src/domain/id.ts";
import { reconciliationRows } from "./reconciliation-rows.ts";

/** One row as column names and values. */
export type Row = Readonly<Record<string, unknown>>;

/** The moment of every row here; the daily partitions around it have to be there. */
export const ROW_TIME = new Date("2026-03-04T05:06:07Z");

const BUCKET = 77;
let made = 0;

/** An id of the rows' time and bucket; each call gives another. */
export function rowId(): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(++made, 4);
  return newUuid(ROW_TIME.getTime(), BUCKET, bytes);
}

const SOURCE = rowId();
const OPEN_BREAKER = { breaker: "open", breaker_since: ROW_TIME, probe_at: ROW_TIME };
const DESTINATION = rowId();
const ROUTE = rowId();
const HASH = Buffer.alloc(32, 7);
const catalogTimes = { origin: "api", created_at: ROW_TIME, updated_at: ROW_TIME };
const hot = { bucket: BUCKET, tenant: "default" };
const request = { method: "POST", url: "/in/x", remote_address: "192.0.2.1", headers: Buffer.from("[]") };
const queued = {
  ...hot,
  event_id: rowId(),
  destination_id: DESTINATION,
  key: rowId(),
  trigger: "live",
  priority: 2,
  lane: "default",
};

/** For each table a row that it takes. Rows that others refer to come first. */
export const VALID_ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["tenant", { id: "acme", created_at: ROW_TIME }],
  [
    "source",
    {
      ...catalogTimes,
      id: SOURCE,
      tenant: "default",
      name: "payments",
      key: "a-source-key-of-length",
      provider: "stripe",
      receiver: "{}",
      body_bytes_max: 1_048_576,
      state: "active",
    },
  ],
  [
    "secret_version",
    {
      source_id: SOURCE,
      version: "v1",
      tenant: "default",
      position: 0,
      state: "active",
      sealed: Buffer.from("sealed"),
      not_after: null,
      created_at: ROW_TIME,
      activated_at: ROW_TIME,
      retired_at: null,
    },
  ],
  ["secret_usage", { source_id: SOURCE, version: "v1", uses: 1, first_used_at: ROW_TIME, last_used_at: ROW_TIME }],
  [
    "retry_loop",
    {
      source_id: SOURCE,
      kind: "rejection",
      fingerprint: HASH.toString("hex"),
      tenant: "default",
      cause: "refused",
      reason: "signature_mismatch",
      count: 3,
      first_at: ROW_TIME,
      last_at: ROW_TIME,
    },
  ],
  [
    "destination",
    {
      ...catalogTimes,
      id: DESTINATION,
      tenant: "default",
      name: "billing",
      kind: "http",
      url: "https://billing.example/webhooks",
      handler: null,
      headers: "[]",
      policy: "{}",
      signing_secret: Buffer.from("sealed"),
      state: "active",
      state_reason: null,
    },
  ],
  [
    "route",
    {
      ...catalogTimes,
      id: ROUTE,
      tenant: "default",
      name: "payments-to-billing",
      source_id: SOURCE,
      destination_id: DESTINATION,
      event_types: ["*"],
      priority: 2,
      state: "active",
    },
  ],
  [
    "route_fault",
    { route_id: ROUTE, faults: 3, last_fault: "No such key: amount", first_at: ROW_TIME, last_at: ROW_TIME },
  ],
  ["destination_gate", { destination_id: DESTINATION, tokens: 3, refilled_at: ROW_TIME, ...OPEN_BREAKER }],
  [
    "destination_health",
    {
      destination_id: DESTINATION,
      minute: ROW_TIME,
      succeeded: 2,
      failed: 3,
      throttled: 1,
      latency_ms_sum: 500,
      latency_ms_max: 300,
    },
  ],
  ["destination_failure", { destination_id: DESTINATION, first_at: ROW_TIME, last_at: ROW_TIME, failures: 3 }],
  [
    "destination_notice",
    {
      destination_id: DESTINATION,
      kind: "failing_1_day",
      since: ROW_TIME,
      at: ROW_TIME,
      detail: "every attempt failed",
    },
  ],
  ["virtual_time", { priority: 2, v: 2e12 }],
  ["lane_tag", { priority: 2, lane: "default/acct_1", tag: 2e12 + 1_000 }],
  [
    "throttle",
    {
      tenant: "default",
      scope: "class",
      target: "low",
      action: "throttle",
      admit_percent: 20,
      reason: null,
      set_at: ROW_TIME,
      until: new Date(ROW_TIME.getTime() + 60_000),
    },
  ],
  [
    "saturation",
    {
      process: "host:1",
      level: 1,
      signal: "queue",
      value: 30,
      threshold: 25,
      since: ROW_TIME,
      seen_at: ROW_TIME,
      refused: '{"low":3}',
    },
  ],
  ["api_key", { id: rowId(), tenant: "default", name: "first", prefix: "hf_", sha256: HASH, created_at: ROW_TIME }],
  [
    "process",
    {
      id: rowId(),
      host: "one",
      pid: 1,
      roles: ["worker"],
      version: "0.1.0",
      started_at: ROW_TIME,
      seen_at: ROW_TIME,
    },
  ],
  ["leadership", { name: "other", holder: rowId(), epoch: 1, lease_until: ROW_TIME }],
  ["dedupe_generation", { gen: 7, opened_at: ROW_TIME, closed_at: ROW_TIME }],
  ["dedupe", { bucket: BUCKET, gen: 1, k: rowId(), event_id: rowId() }],
  [
    "event",
    {
      ...hot,
      ...request,
      id: rowId(),
      source_id: SOURCE,
      event_key: Buffer.from("evt_1"),
      received_at: ROW_TIME,
      verified_by: "signature",
      body: Buffer.from("{}"),
      body_sha256: HASH,
    },
  ],
  [
    "duplicate",
    {
      bucket: BUCKET,
      event_id: rowId(),
      count: 2,
      variants: 1,
      variant_sha256: HASH,
      first_at: ROW_TIME,
      last_at: ROW_TIME,
    },
  ],
  [
    "delivery",
    {
      ...queued,
      id: rowId(),
      rank: 1,
      state: "ready",
      attempt: 0,
      refusals: 0,
      due_at: null,
      held_reason: null,
      lease: null,
      lease_until: null,
    },
  ],
  [
    "finished_delivery",
    {
      ...queued,
      id: rowId(),
      state: "dead",
      attempt: 3,
      reason: "refused",
      retried_as: rowId(),
      finished_at: ROW_TIME,
    },
  ],
  [
    "attempt",
    {
      bucket: BUCKET,
      delivery_id: rowId(),
      id: rowId(),
      event_id: rowId(),
      number: 1,
      outcome: "transient",
      response_truncated: false,
      started_at: ROW_TIME,
      duration_ms: 12,
      next_state: "scheduled",
      next_due_at: ROW_TIME,
      worker: "w",
      lease: rowId(),
    },
  ],
  [
    "rejection",
    {
      ...hot,
      ...request,
      id: rowId(),
      source_id: SOURCE,
      received_at: ROW_TIME,
      status: 401,
      reason: "signature_mismatch",
      diagnosis: "{}",
      body: Buffer.from("{}"),
      body_sha256: HASH,
    },
  ],
  ...reconciliationRows({ sourceId: SOURCE, at: ROW_TIME, newId: rowId }),
  ...recoveryRows(rowId, ROW_TIME),
  ...accessRows(ROW_TIME, rowId),
  ...alertRows(ROW_TIME, rowId),
]);

/** The INSERT of a row. */
export function insertOf(table: string, row: Row): { text: string; values: unknown[] } {
  const columns = Object.keys(row);
  const places = columns.map((_, i) => `$${i + 1}`);
  return {
    text: `INSERT INTO holdfast.${table} (${columns.map((column) => `"${column}"`).join(", ")}) VALUES (${places.join(", ")})`,
    values: Object.values(row),
  };
}
