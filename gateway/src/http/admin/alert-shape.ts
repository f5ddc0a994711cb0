import { z } from "@hono/zod-openapi";
import type { AlertChannel } from "../../domain/alert-channel.ts";
import { CHANNEL_KINDS, MAIL_SECURITIES } from "../../domain/alert-channel.ts";
import type { Alert } from "../../domain/alert.ts";
import type { AlertRule, RuleChanges } from "../../domain/alert-rules.ts";
import { ALERT_RULES, SEVERITIES, termsOf } from "../../domain/alert-rules.ts";
import { toPublicId } from "../../domain/id.ts";
import type { NoticeRow } from "../../store/alerts/notices.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();
const severity = z.enum(SEVERITIES);

export const alertSchema = z
  .object({
    id: z.string(),
    rule: z.string(),
    subject: z.string().openapi({ description: "Whom it is about, in words" }),
    sources: z.array(z.string()).openapi({ description: "Names: their owners are told" }),
    severity,
    state: z.enum(["pending", "firing", "resolved"]),
    summary: z.string(),
    detail: z.string(),
    runbook: z.string(),
    since: moment,
    firedAt: moment.nullable(),
    toldAt: moment.nullable().openapi({ description: "When somebody was last told that it holds" }),
    resolvedAt: moment.nullable(),
  })
  .openapi("Alert", {
    example: {
      id: "alt_01kaj6kfm47fmvhr7d9s8xq0tz",
      rule: "breaker_open",
      subject: "destination billing",
      sources: ["stripe"],
      severity: "ticket",
      state: "firing",
      summary: "A destination fails, so its breaker is open; its deliveries wait.",
      detail: "its breaker has been open since 2026-11-21 17:40 UTC",
      runbook: "docs/operate/queue.md",
      since: "2026-11-21T17:40:00.000Z",
      firedAt: "2026-11-21T17:55:00.000Z",
      toldAt: "2026-11-21T17:55:00.000Z",
      resolvedAt: null,
    },
  });

export const ruleSchema = z
  .object({
    name: z.string(),
    summary: z.string(),
    runbook: z.string(),
    prometheus: z
      .string()
      .nullable()
      .openapi({ description: "The rule of docs/operate/alerts.yml that says the same" }),
    unit: z.enum(["sec", "count", "level", "mib"]),
    fires: z
      .enum(["above", "from", "below"])
      .openapi({ description: "On which side of the threshold; `from`: at the threshold, too" }),
    state: z.enum(["active", "disabled"]),
    severity,
    threshold: z.number(),
    forSec: z.number().int(),
    changed: z.boolean().openapi({ description: "Whether it differs from the built-in terms" }),
    pending: z.number().int(),
    firing: z.number().int(),
  })
  .openapi("AlertRule");

export const channelSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(CHANNEL_KINDS),
    url: z.string().nullable(),
    host: z.string().nullable(),
    port: z.number().int().nullable(),
    security: z.enum(MAIL_SECURITIES).nullable(),
    from: z.string().nullable(),
    to: z.array(z.string()),
    username: z.string().nullable(),
    secretStored: z.boolean().openapi({ description: "Whether its URL, key or password is stored; it is never shown" }),
    readable: z.boolean().openapi({ description: "False when no loaded key opens the secret" }),
    severities: z.array(severity),
    state: z.enum(["active", "disabled"]),
    origin: z.enum(["file", "api", "sample"]),
    createdAt: moment,
    updatedAt: moment,
  })
  .openapi("AlertChannel");

export const noticeSchema = z
  .object({
    id: z.string(),
    channel: z.string(),
    kind: z.enum(["fired", "repeated", "resolved", "test"]),
    alerts: z.array(z.object({ rule: z.string(), severity, subject: z.string(), detail: z.string() })),
    state: z.enum(["queued", "sent", "failed"]),
    attempts: z.number().int(),
    detail: z.string().nullable().openapi({ description: "Why the last attempt was not taken" }),
    createdAt: moment,
    dueAt: moment.nullable().openapi({ description: "When it is tried next" }),
    sentAt: moment.nullable(),
  })
  .openapi("AlertNotice");

export const ownersSchema = z
  .object({ owners: z.record(z.string(), z.array(z.string())) })
  .openapi("AlertOwners", { example: { owners: { stripe: ["payments-on-call"], "*": ["ops"] } } });

export function toAlertAnswer(alert: Alert, own: TenantCatalog): z.infer<typeof alertSchema> {
  const built = ALERT_RULES.find(({ name }) => name === alert.rule);
  const { rule, severity: level, state, detail, since, firedAt, toldAt, resolvedAt } = alert;
  return {
    id: toPublicId("alt", alert.id),
    rule,
    subject: alert.subjectName,
    sources: alert.sourceIds.map((id) => own.sourceName(id)),
    severity: level,
    state,
    summary: built?.summary ?? rule,
    detail,
    runbook: built?.runbook ?? "docs/operate/alerts.md",
    since: since.toISOString(),
    firedAt: firedAt?.toISOString() ?? null,
    toldAt: toldAt?.toISOString() ?? null,
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}

export function toRule(
  built: AlertRule,
  changes: RuleChanges,
  standing: readonly Pick<Alert, "rule" | "state">[],
): z.infer<typeof ruleSchema> {
  const { name, summary, runbook, prometheus, unit, fires } = built;
  const terms = termsOf(built, changes);
  const change = changes[name] ?? {};
  const { severity: level, threshold, forSec } = terms ?? { ...built, ...change };
  const count = (state: Alert["state"]): number =>
    standing.filter((alert) => alert.rule === name && alert.state === state).length;
  return {
    name,
    summary,
    runbook,
    prometheus,
    unit,
    fires,
    state: terms === null ? "disabled" : "active",
    severity: level,
    threshold,
    forSec,
    changed: Object.keys(change).length > 0,
    pending: count("pending"),
    firing: count("firing"),
  };
}

export function toChannel(channel: AlertChannel): z.infer<typeof channelSchema> {
  const { address, secret, secretUnreadable, severities, state, origin } = channel;
  const mail = address.kind === "email" ? address : null;
  return {
    id: toPublicId("chn", channel.id),
    name: channel.name,
    kind: address.kind,
    url: "url" in address ? address.url : null,
    host: mail?.host ?? null,
    port: mail?.port ?? null,
    security: mail?.security ?? null,
    from: mail?.from ?? null,
    to: [...(mail?.to ?? [])],
    username: mail?.username ?? null,
    secretStored: secret !== null || secretUnreadable,
    readable: !secretUnreadable,
    severities: [...severities],
    state,
    origin,
    createdAt: channel.createdAt.toISOString(),
    updatedAt: channel.updatedAt.toISOString(),
  };
}

export function toNotice(row: NoticeRow, channelName: string): z.infer<typeof noticeSchema> {
  const { kind, state, attempts, detail } = row;
  return {
    id: toPublicId("ntc", row.id),
    channel: channelName,
    kind,
    alerts: row.alerts.map((fact) => ({
      rule: fact.rule,
      severity: fact.severity,
      subject: fact.subject,
      detail: fact.detail,
    })),
    state,
    attempts,
    detail,
    createdAt: row.created_at.toISOString(),
    dueAt: state === "queued" ? row.due_at.toISOString() : null,
    sentAt: row.sent_at?.toISOString() ?? null,
  };
}
