import type { Alert, NoticeKind } from "./alert.ts";
import type { Severity } from "./alert-rules.ts";
import { ALERT_RULES } from "./alert-rules.ts";

export type NoticeState = "queued" | "sent" | "failed";

/** What a notice says of one alert; kept with it, because the alert goes on changing. */
export interface NoticeFact {
  /** Public: `alt_…`. */
  readonly alert: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly detail: string;
  readonly summary: string;
  readonly runbook: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface Notice {
  /** Public: `ntc_…`; the same over all attempts. */
  readonly id: string;
  readonly kind: NoticeKind | "test";
  readonly facts: readonly NoticeFact[];
  readonly createdAt: Date;
}

/** One notice tells of so many at most. */
export const NOTICE_FACTS_MAX = 50;
/** Waits after the attempts of a notice; after the last one it is given up. 2 h in all. */
export const NOTICE_WAITS_MS: readonly number[] = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000];

/** What is told of an alert. @param publicId `alt_…` */
export function toFact(alert: Alert, publicId: string): NoticeFact {
  const built = ALERT_RULES.find(({ name }) => name === alert.rule);
  return {
    alert: publicId,
    rule: alert.rule,
    severity: alert.severity,
    subject: alert.subjectName,
    detail: alert.detail,
    summary: built?.summary ?? alert.rule,
    runbook: built?.runbook ?? "docs/operate/alerts.md",
    since: alert.since.toISOString(),
  };
}

/** The one fact of a test. */
export const TEST_FACT: NoticeFact = {
  alert: "test",
  rule: "test",
  severity: "ticket",
  subject: "this channel",
  detail: "somebody has asked whether notices arrive here; they do",
  summary: "A test of this channel.",
  runbook: "docs/operate/alerts.md",
  since: "1970-01-01T00:00:00.000Z",
};

const HEADS = { fired: "Firing", repeated: "Still firing", resolved: "Recovered", test: "Test" } as const;

/** One line that says what it is about. */
export function titleOf({ kind, facts }: Pick<Notice, "kind" | "facts">): string {
  const [first] = facts;
  if (first === undefined) return HEADS[kind];
  const more = facts.length > 1 ? ` and ${facts.length - 1} more` : "";
  return `${HEADS[kind]}: ${first.rule} (${first.subject})${more}`;
}

/** Everything as plain text, a paragraph for each alert. */
export function textOf(notice: Notice): string {
  return notice.facts.map((fact) => paragraphOf(notice, fact)).join("\n\n");
}

function paragraphOf(
  { kind }: Notice,
  { severity, rule, subject, summary, detail, runbook, since }: NoticeFact,
): string {
  const lines = [`[${severity}] ${HEADS[kind]}: ${rule}, ${subject}`, summary, detail];
  const ends = kind === "test" ? [] : [`since ${since.slice(0, 16).replace("T", " ")} UTC`, `runbook: ${runbook}`];
  return [...lines, ...ends].join("\n");
}

/** Slack's incoming webhook: `text` is what notifications show, the blocks what the channel shows. At most 50 blocks of 3,000 characters. */
export function toSlack(notice: Notice): object {
  const section = (text: string): object => ({
    type: "section",
    text: { type: "mrkdwn", text: escapeSlack(text).slice(0, 2_900) },
  });
  const shown = notice.facts.slice(0, 45).map((fact) => section(paragraphOf(notice, fact)));
  const header = { type: "header", text: { type: "plain_text", text: titleOf(notice).slice(0, 150) } };
  return { text: escapeSlack(titleOf(notice)), blocks: [header, ...shown] };
}

// Slack reads these three as markup (links, mentions of a whole channel); details hold text from outside.
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** PagerDuty Events API v2, one event for each alert: the alert's id ties trigger and resolve together, so sending again changes nothing. */
export function toPagerduty(notice: Notice, routingKey: string): object[] {
  return notice.facts.flatMap((fact) => {
    const key = { routing_key: routingKey, dedup_key: `holdfast/${fact.alert}` };
    const resolve = { ...key, event_action: "resolve" };
    if (notice.kind === "resolved") return [resolve];
    const payload = {
      summary: `${fact.rule}: ${fact.subject}: ${fact.detail}`.slice(0, 1_024),
      source: "holdfast",
      severity: fact.severity === "page" ? "critical" : "warning",
      timestamp: notice.kind === "test" ? notice.createdAt.toISOString() : fact.since,
      component: fact.subject,
      class: fact.rule,
      custom_details: { summary: fact.summary, detail: fact.detail, runbook: fact.runbook },
    };
    const trigger = { ...key, event_action: "trigger", payload };
    // A test must not leave an incident behind.
    return notice.kind === "test" ? [trigger, resolve] : [trigger];
  });
}

/** The body of a generic webhook, in the form that Standard Webhooks 1.0 recommends: type, timestamp, data. */
export function toWebhook({ kind, facts, createdAt }: Notice): object {
  return { type: `alert.${kind}`, timestamp: createdAt.toISOString(), data: { alerts: facts } };
}
