import type { Row } from "./valid-rows.ts";

/** For each table of reconciliations a row that it takes. */
export function reconciliationRows(parts: {
  readonly sourceId: string;
  readonly at: Date;
  readonly newId: () => string;
}): readonly (readonly [table: string, row: Row])[] {
  const { sourceId, at, newId } = parts;
  const id = newId();
  const runId = newId();
  const setup = {
    id,
    tenant: "default",
    name: "stripe-log",
    source_id: sourceId,
    connector: '{"kind":"stripe"}',
    event_types: ["*"],
    lookback_sec: 86_400,
    overlap_sec: 3_600,
    lag_sec: 300,
    redelivery_wait_sec: 60,
    redeliver: false,
    origin: "api",
    created_at: at,
    updated_at: at,
  };
  const run = {
    id: runId,
    reconciliation_id: id,
    tenant: "default",
    cause: "requested",
    started_by: "local",
    continues: true,
    window_from: new Date(at.getTime() - 1_000),
    window_to: at,
    state: "completed",
    page_items: 100,
    due_at: at,
    listed: 3,
    matched: 1,
    dead_here: 1,
    missing: 1,
    recovered: 1,
    started_at: at,
    finished_at: at,
  };
  const entry = {
    run_id: runId,
    k: newId(),
    bucket: 77,
    event_key: "id:evt_1",
    provider_event_id: "evt_1",
    state: "recovered",
    recovered_by: "redelivery",
    event_id: newId(),
    due_at: at,
  };
  return [
    ["reconciliation", setup],
    ["reconciliation_run", run],
    ["reconciliation_entry", entry],
  ];
}

/** Constraint, its table, and what makes the row above break this constraint and no other. */
export function impossibleReconciliations(at: Date, leaseId: string): readonly (readonly [string, string, Row])[] {
  return [
    ["reconciliation_name_check", "reconciliation", { name: "-x" }],
    ["reconciliation_origin_check", "reconciliation", { origin: "elsewhere" }],
    ["reconciliation_state_check", "reconciliation", { state: "paused" }],
    ["reconciliation_lookback_sec_check", "reconciliation", { lookback_sec: 59 }],
    ["reconciliation_overlap_sec_check", "reconciliation", { overlap_sec: -1 }],
    ["reconciliation_lag_sec_check", "reconciliation", { lag_sec: 86_401 }],
    ["reconciliation_redelivery_wait_sec_check", "reconciliation", { redelivery_wait_sec: 0 }],
    ["reconciliation_run_cause_check", "reconciliation_run", { cause: "chance" }],
    ["reconciliation_run_state_check", "reconciliation_run", { state: "old", finished_at: null }],
    ["reconciliation_run_page_items_check", "reconciliation_run", { page_items: 0 }],
    ["reconciliation_run_pages_check", "reconciliation_run", { pages: -1 }],
    ["reconciliation_run_failures_check", "reconciliation_run", { failures: -1 }],
    ["reconciliation_run_check", "reconciliation_run", { window_from: at }],
    ["reconciliation_run_check1", "reconciliation_run", { finished_at: null }],
    ["reconciliation_run_check1", "reconciliation_run", { state: "started" }],
    ["reconciliation_run_check2", "reconciliation_run", { lease: leaseId }],
    ["reconciliation_run_check3", "reconciliation_run", { state: "failed" }],
    ["reconciliation_run_check4", "reconciliation_run", { listed: 4 }],
    ["reconciliation_run_check5", "reconciliation_run", { recovered: 0 }],
    ["reconciliation_entry_state_check", "reconciliation_entry", { state: "seen", recovered_by: null }],
    ["reconciliation_entry_recovered_by_check", "reconciliation_entry", { recovered_by: "chance" }],
    ["reconciliation_entry_provider_outcome_check", "reconciliation_entry", { provider_outcome: "seen" }],
    ["reconciliation_entry_asks_check", "reconciliation_entry", { asks: -1 }],
    ["reconciliation_entry_check", "reconciliation_entry", { recovered_by: null }],
    ["reconciliation_entry_check1", "reconciliation_entry", { event_id: null }],
  ];
}
