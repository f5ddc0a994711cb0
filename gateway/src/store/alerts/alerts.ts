import type { Alert } from "../../domain/alert.ts";
import type { Severity } from "../../domain/alert-rules.ts";
import { cold } from "../statement.ts";

export interface AlertRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly tenant: string;
  readonly rule: string;
  readonly subject: string;
  readonly subject_name: string;
  readonly source_ids: string[];
  readonly severity: Severity;
  readonly state: Alert["state"];
  readonly detail: string;
  readonly value: number | null;
  readonly since: Date;
  readonly seen_at: Date;
  readonly fired_at: Date | null;
  readonly told_at: Date | null;
  readonly resolved_at: Date | null;
}

const COLUMNS = `a.id, a.tenant, a.rule, a.subject, a.subject_name, a.source_ids, a.severity, a.state, a.detail, a.value, a.since,
          a.seen_at, a.fired_at, a.told_at, a.resolved_at`;

/** What stands, of every tenant. */
export const listStanding = cold<AlertRow>(
  "list_standing_alerts",
  `SELECT ${COLUMNS} FROM holdfast.alert a WHERE a.state <> 'resolved' ORDER BY a.id LIMIT 10000`,
);

/** A page, newest first. Parameters: tenant, before id (exclusive), state or null for all, limit. */
export const listAlerts = cold<AlertRow>(
  "list_alerts",
  `SELECT ${COLUMNS} FROM holdfast.alert a
    WHERE a.tenant = $1 AND a.id < $2 AND ($3::text IS NULL OR a.state = $3) ORDER BY a.id DESC LIMIT $4`,
);

/** Parameters: id, tenant, rule, subject, subject name, source ids uuid[], severity, state, detail, value, since, seen, fired, told, resolved at. */
export const saveAlert = cold(
  "save_alert",
  `INSERT INTO holdfast.alert (id, tenant, rule, subject, subject_name, source_ids, severity, state, detail, value, since, seen_at,
     fired_at, told_at, resolved_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
   ON CONFLICT (id) DO UPDATE
     SET subject_name = excluded.subject_name, source_ids = excluded.source_ids, severity = excluded.severity,
         state = excluded.state, detail = excluded.detail, value = excluded.value, seen_at = excluded.seen_at,
         fired_at = excluded.fired_at, told_at = excluded.told_at, resolved_at = excluded.resolved_at`,
);

/** Parameter: ids uuid[]. */
export const dropPendingAlerts = cold(
  "drop_pending_alerts",
  "DELETE FROM holdfast.alert WHERE id = ANY($1::uuid[]) AND state = 'pending'",
);

/** Forgets what ended before a moment. Parameters: moment, at most so many. */
export const forgetAlerts = cold(
  "forget_alerts",
  `DELETE FROM holdfast.alert WHERE id IN (
     SELECT id FROM holdfast.alert WHERE state = 'resolved' AND resolved_at < $1 LIMIT $2)`,
);

/** The values of {@link saveAlert}. */
export function alertValues(tenant: string, alert: Alert): unknown[] {
  const { id, rule, subject, subjectName, sourceIds, severity, state, detail, value } = alert;
  const times = [alert.since, alert.seenAt, alert.firedAt, alert.toldAt, alert.resolvedAt];
  // What is beyond every threshold has no number that JSON could show.
  const finite = Number.isFinite(value) ? value : null;
  return [id, tenant, rule, subject, subjectName, sourceIds, severity, state, detail, finite, ...times];
}

export function toAlert(row: AlertRow): Alert {
  return {
    id: row.id,
    rule: row.rule,
    subject: row.subject,
    subjectName: row.subject_name,
    sourceIds: row.source_ids,
    severity: row.severity,
    state: row.state,
    detail: row.detail,
    value: row.value,
    since: row.since,
    seenAt: row.seen_at,
    firedAt: row.fired_at,
    toldAt: row.told_at,
    resolvedAt: row.resolved_at,
  };
}
