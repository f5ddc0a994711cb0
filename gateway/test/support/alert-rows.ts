import type { Row } from "./valid-rows.ts";

/** For each table of alerts a row that it takes. */
export function alertRows(at: Date, newId: () => string): readonly (readonly [table: string, row: Row])[] {
  const channelId = newId();
  return [
    [
      "alert_channel",
      {
        id: channelId,
        tenant: "default",
        name: "on-call",
        kind: "slack",
        address: "{}",
        severities: ["page", "ticket"],
        state: "active",
        origin: "api",
        created_at: at,
        updated_at: at,
      },
    ],
    ["alert_setting", { tenant: "default", rules: "{}", owners: "{}", updated_at: at }],
    [
      "alert",
      {
        id: newId(),
        tenant: "default",
        rule: "breaker_open",
        subject: "d",
        subject_name: "billing",
        source_ids: [],
        severity: "ticket",
        state: "resolved",
        detail: "it fails",
        since: at,
        seen_at: at,
        fired_at: at,
        resolved_at: at,
      },
    ],
    [
      "alert_notice",
      {
        id: newId(),
        tenant: "default",
        channel_id: channelId,
        kind: "fired",
        alerts: "[]",
        state: "sent",
        attempts: 1,
        due_at: at,
        created_at: at,
        sent_at: at,
      },
    ],
  ];
}

/** Constraint, its table, and what makes the row above break this constraint and no other. */
export const IMPOSSIBLE_ALERTS: readonly (readonly [string, string, Row])[] = [
  ["alert_channel_name_check", "alert_channel", { name: "-x" }],
  ["alert_channel_kind_check", "alert_channel", { kind: "pigeon" }],
  ["alert_channel_severities_check", "alert_channel", { severities: ["whisper"] }],
  ["alert_channel_state_check", "alert_channel", { state: "paused" }],
  ["alert_channel_origin_check", "alert_channel", { origin: "elsewhere" }],
  ["alert_severity_check", "alert", { severity: "whisper" }],
  ["alert_state_check", "alert", { state: "forgotten", resolved_at: null }],
  ["alert_check", "alert", { fired_at: null }],
  ["alert_check1", "alert", { resolved_at: null }],
  ["alert_notice_kind_check", "alert_notice", { kind: "shouted" }],
  ["alert_notice_state_check", "alert_notice", { state: "lost", sent_at: null }],
  ["alert_notice_attempts_check", "alert_notice", { attempts: -1 }],
  ["alert_notice_check", "alert_notice", { sent_at: null }],
];
