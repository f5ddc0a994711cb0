import { z } from "@hono/zod-openapi";
import { FINISHED_STATES, TRIGGERS, UNFINISHED_STATES } from "../../domain/delivery.ts";
import { timeOf, toPublicId } from "../../domain/id.ts";
import { PRIORITIES, toPriority } from "../../domain/priority.ts";
import type { AttemptRow } from "../../store/views/attempts.ts";
import type { DeliveryRow } from "../../store/views/deliveries.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();

export const DELIVERY_STATES = [...UNFINISHED_STATES, ...FINISHED_STATES] as const;

export const deliverySchema = z
  .object({
    id: z.string(),
    eventId: z.string(),
    eventType: z.string().nullable(),
    sourceId: z.string().nullable().openapi({ description: "Null when the event is not kept any more" }),
    source: z.string(),
    destinationId: z.string(),
    destination: z.string(),
    state: z.enum(DELIVERY_STATES),
    trigger: z.enum(TRIGGERS),
    priority: z.enum(PRIORITIES),
    attempt: z.number().int().openapi({ description: "Attempts so far, one that is under way included" }),
    dueAt: moment.nullable(),
    reason: z.string().nullable().openapi({ description: "Why it is held or dead" }),
    idempotencyKey: z.string(),
    retryOf: z.string().nullable(),
    retriedAs: z.string().nullable(),
    createdAt: moment,
    finishedAt: moment.nullable(),
  })
  .openapi("Delivery", {
    example: {
      id: "dlv_01jdaqt3k0e0080000000000zz",
      eventId: "evt_01jdaqt3k0e0080000000000zz",
      eventType: "invoice.paid",
      sourceId: "src_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      destinationId: "dst_01jdaqt3k0e0080000000000zz",
      destination: "billing",
      state: "scheduled",
      trigger: "live",
      priority: "normal",
      attempt: 2,
      dueAt: "2026-11-21T18:02:00.000Z",
      reason: null,
      idempotencyKey: "dlv_01jdaqt3k0e0080000000000zz",
      retryOf: null,
      retriedAs: null,
      createdAt: "2026-11-21T18:00:00.000Z",
      finishedAt: null,
    },
  });

export type DeliveryAnswer = z.infer<typeof deliverySchema>;

/** @param event what is known of the event from elsewhere, where the row does not say it */
export function toDelivery(
  row: DeliveryRow,
  own: TenantCatalog,
  event: { readonly source_id: string; readonly event_type: string | null } | null = null,
): DeliveryAnswer {
  const sourceId = row.source_id ?? event?.source_id ?? null;
  return {
    id: toPublicId("dlv", row.id),
    eventId: toPublicId("evt", row.event_id),
    eventType: row.event_type ?? event?.event_type ?? null,
    sourceId: sourceId === null ? null : toPublicId("src", sourceId),
    source: sourceId === null ? "unknown" : own.sourceName(sourceId),
    destinationId: toPublicId("dst", row.destination_id),
    destination: own.destinationName(row.destination_id),
    state: row.state as DeliveryAnswer["state"],
    trigger: row.trigger as DeliveryAnswer["trigger"],
    priority: toPriority(row.priority),
    attempt: row.attempt,
    dueAt: row.due_at?.toISOString() ?? null,
    reason: row.held_reason ?? row.reason,
    idempotencyKey: toPublicId("dlv", row.key),
    retryOf: row.retry_of === null ? null : toPublicId("dlv", row.retry_of),
    retriedAs: row.retried_as === null ? null : toPublicId("dlv", row.retried_as),
    createdAt: new Date(timeOf(row.id)).toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

export const attemptSchema = z.object({
  id: z.string(),
  number: z.number().int(),
  outcome: z.enum(["succeeded", "transient", "throttled", "refused", "gone"]),
  status: z.number().int().nullable(),
  detail: z.string().nullable(),
  startedAt: moment,
  durationMs: z.number().int(),
  nextState: z.enum(["processed", "scheduled", "held", "ready", "dead"]),
  nextDueAt: moment.nullable(),
  worker: z.string(),
});

export const answeredAttemptSchema = attemptSchema.extend({
  response: z
    .object({ headers: z.array(z.tuple([z.string(), z.string()])), bodyBase64: z.string(), truncated: z.boolean() })
    .nullable(),
});

export const deliveryDetailSchema = deliverySchema
  .extend({ attempts: z.array(answeredAttemptSchema) })
  .openapi("DeliveryDetail");

export function toAttempt(row: AttemptRow): z.infer<typeof attemptSchema> {
  return {
    id: toPublicId("att", row.id),
    number: row.number,
    outcome: row.outcome as z.infer<typeof attemptSchema>["outcome"],
    status: row.status,
    detail: row.detail,
    startedAt: row.started_at.toISOString(),
    durationMs: row.duration_ms,
    nextState: row.next_state as z.infer<typeof attemptSchema>["nextState"],
    nextDueAt: row.next_due_at?.toISOString() ?? null,
    worker: row.worker,
  };
}

/** Header pairs as they are stored: a JSON list of pairs. */
export function readHeaders(stored: Buffer | null): [string, string][] {
  return stored === null || stored.length === 0 ? [] : (JSON.parse(stored.toString("utf8")) as [string, string][]);
}
