import { z } from "@hono/zod-openapi";
import { timeOf, toPublicId } from "../../domain/id.ts";
import { PRIORITIES, toPriority } from "../../domain/priority.ts";
import { REPLAY_STATES, SELECTABLE_STANDINGS, STANDINGS } from "../../domain/replay-scope.ts";
import { summarize, VERIFIED_BY } from "../../domain/replay-tally.ts";
import type { ReplayStanding } from "../../domain/replay-tally.ts";
import type { ReplayPlan } from "../../recovery/plan-replay.ts";
import type { ReplayRow } from "../../store/replays/replay-row.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();
const count = z.number().int();
const byReason = z.record(z.string(), count);

const scopeSchema = z.object({
  of: z.enum(["events", "rejections"]),
  sources: z.array(z.string()),
  types: z.array(z.string()),
  since: moment,
  until: moment,
  destinations: z.array(z.string()),
  states: z.array(z.enum(STANDINGS)),
  reasons: z.array(z.string()),
  ids: z.array(z.string()),
});

const optionsSchema = z.object({
  again: z.boolean(),
  copyTo: z.string().nullable(),
  ratePerSec: z.number(),
  inFlightMax: count,
  priority: z.enum(PRIORITIES),
  trustRecorded: z.boolean(),
});

const planSchema = z.object({
  scanned: count,
  wouldReplay: count,
  wouldSkip: count,
  notReplayed: byReason,
  deliveries: count,
  destinations: z.array(z.object({ destination: z.string(), deliveries: count })),
  held: z
    .array(z.object({ destination: z.string(), reason: z.string(), deliveries: count }))
    .openapi({ description: "Deliveries of the scope that wait by themselves, and for what; no replay moves them" }),
  holding: z
    .array(z.object({ destination: z.string(), reason: z.string(), gate: z.string().nullable() }))
    .openapi({ description: "Destinations at which deliveries of the run would be held, and why" }),
  verified: z.object({ signature: count, retired_secret: count, recorded_verdict: count }),
  bodyBytes: count,
  complete: z.boolean().openapi({ description: "False: the numbers are of the oldest part of a larger scope" }),
  estimatedSec: count,
  notes: z.array(z.string()).openapi({ description: "What to know before it is run" }),
});

const summarySchema = z.object({
  events_scanned: count,
  replayed: count,
  duplicate_skipped: count,
  processed: count,
  failed_permanent: count,
  still_waiting: count,
  integrity_check: z.enum(["pass", "fail"]),
});

export const replaySchema = z
  .object({
    id: z.string(),
    token: z.string().nullable().openapi({ description: "What runs the plan; null once it was run" }),
    state: z.enum(REPLAY_STATES),
    scope: scopeSchema,
    options: optionsSchema,
    plan: planSchema,
    summary: summarySchema,
    checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
    notReplayed: byReason.openapi({ description: "Events that were neither replayed nor duplicates, by reason" }),
    verified: z.object(
      Object.fromEntries(VERIFIED_BY.map((by) => [by, count])) as Record<(typeof VERIFIED_BY)[number], typeof count>,
    ),
    scannedTo: moment.openapi({ description: "How far the scope has been gone over" }),
    plannedAt: moment,
    plannedBy: z.string(),
    startedAt: moment.nullable(),
    startedBy: z.string().nullable(),
    endedAt: moment.nullable(),
    endedBy: z.string().nullable(),
    endReason: z.string().nullable(),
    failed: z
      .array(z.object({ deliveryId: z.string(), eventId: z.string() }))
      .openapi({ description: "The first hundred deliveries that ended dead; only of a single replay" }),
    runbook: z.string(),
  })
  .openapi("Replay");

export type ReplayAnswer = z.infer<typeof replaySchema>;

export const REPLAY_RUNBOOK = "docs/runbooks/bad-replay.md";

export function toReplay(
  row: ReplayRow,
  standing: ReplayStanding,
  own: TenantCatalog,
  failed: readonly { readonly delivery_id: string; readonly event_id: string }[] = [],
): ReplayAnswer {
  const { summary, checks, notReplayed } = summarize(row.tally, standing);
  return {
    id: toPublicId("rpl", row.id),
    token: row.state === "planned" ? row.token : null,
    state: row.state,
    scope: toScope(row, own),
    options: {
      ...row.options,
      copyTo: row.options.copyTo === null ? null : own.destinationName(row.options.copyTo),
      priority: toPriority(row.options.priority),
    },
    plan: toPlan(row, own),
    summary,
    checks: checks.map((check) => ({ ...check })),
    notReplayed,
    verified: { ...row.tally.verified },
    scannedTo: new Date(row.is_scanned ? row.scope.untilMs : timeOf(row.cursor_id)).toISOString(),
    plannedAt: row.planned_at.toISOString(),
    plannedBy: row.planned_by,
    startedAt: row.started_at?.toISOString() ?? null,
    startedBy: row.started_by,
    endedAt: row.ended_at?.toISOString() ?? null,
    endedBy: row.ended_by,
    endReason: row.end_reason,
    failed: failed.map((item) => ({
      deliveryId: toPublicId("dlv", item.delivery_id),
      eventId: toPublicId("evt", item.event_id),
    })),
    runbook: REPLAY_RUNBOOK,
  };
}

function toScope({ subject, scope }: ReplayRow, own: TenantCatalog): ReplayAnswer["scope"] {
  return {
    of: subject,
    sources: scope.sourceIds.map((id) => own.sourceName(id)),
    types: [...scope.eventTypes],
    since: new Date(scope.sinceMs).toISOString(),
    until: new Date(scope.untilMs).toISOString(),
    destinations: scope.destinationIds.map((id) => own.destinationName(id)),
    states: [...scope.standings],
    reasons: [...scope.reasons],
    ids: scope.ids.map((id) => toPublicId(subject === "events" ? "evt" : "rej", id)),
  };
}

function toPlan(row: ReplayRow, own: TenantCatalog): ReplayAnswer["plan"] {
  // Written by planReplay alone, as it is.
  const { byDestination, held = {}, holding = {}, ...plan } = row.plan as unknown as ReplayPlan;
  const waits = Object.entries(holding).map(([id, why]) => ({ destination: own.destinationName(id), ...why }));
  return {
    ...plan,
    notReplayed: { ...plan.notReplayed },
    verified: { ...plan.verified },
    destinations: Object.entries(byDestination).map(([id, deliveries]) => ({
      destination: own.destinationName(id),
      deliveries,
    })),
    held: Object.entries(held).flatMap(([id, reasons]) =>
      Object.entries(reasons).map(([reason, deliveries]) => ({
        destination: own.destinationName(id),
        reason,
        deliveries,
      })),
    ),
    holding: waits,
    notes: [...notesOf(row, plan), ...waits.flatMap(noteHolding)],
  };
}

/** Of a limit nothing is said: what is over it goes a little later. */
function noteHolding({ destination, reason, gate }: ReplayAnswer["plan"]["holding"][number]): string[] {
  const state =
    gate === "breaker"
      ? "its breaker has not closed"
      : reason === "destination_gated"
        ? null
        : reason.replace("destination_", "it is ");
  if (state === null) return [];
  return [`${destination}: ${state}, so that what this queues for it is held until that is over.`];
}

function notesOf(
  { subject, options, scope }: ReplayRow,
  plan: Omit<ReplayPlan, "byDestination" | "held" | "holding">,
): string[] {
  const notes: string[] = [];
  if (!plan.complete)
    notes.push(`Only the oldest ${plan.scanned} were looked at; the run goes over everything in the scope.`);
  if (options.again)
    notes.push(
      "again: what is processed already gets a new delivery with a new idempotency key. A receiver that deduplicates by the key will act on it a second time.",
    );
  if (options.copyTo !== null)
    notes.push("A copy: its deliveries carry holdfast-copy: true and change nothing for the events' own destinations.");
  if (plan.verified.retired_secret > 0)
    notes.push(
      `${plan.verified.retired_secret} were signed with a secret that was in force then and is retired now. If it was retired because others knew it, look at them before you run this.`,
    );
  if (plan.verified.recorded_verdict > 0)
    notes.push(
      `${plan.verified.recorded_verdict} cannot be verified anew, since what proved them is never stored; the verdict of their receipt counts, and their bodies have the recorded SHA-256.`,
    );
  if ((plan.notReplayed["missing"] ?? 0) > 0 && !scope.standings.includes("missing"))
    notes.push(
      `${plan.notReplayed["missing"]} were never sent to a destination of the scope; state missing includes them.`,
    );
  if (subject === "rejections" && plan.wouldReplay === 0)
    notes.push("None of them verifies with the secrets of today. Add the one that they were signed with first.");
  return notes;
}

export const SCOPE_STATES = SELECTABLE_STANDINGS;
/** How a replay that was never run stands. */
export const NO_STANDING: ReplayStanding = {
  dead: 0,
  queued: 0,
  withdrawn: 0,
  processed: 0,
  deliveries: 0,
  doubled: 0,
  lost: 0,
};
