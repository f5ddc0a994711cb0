import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import type { TimelineEntry } from "../../domain/timeline.ts";
import { TIMELINE_STEPS } from "../../domain/timeline.ts";
import type { DuplicateRow, EventRow } from "../../store/views/events.ts";
import { deliverySchema } from "./delivery-shape.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();

export const eventSchema = z
  .object({
    id: z.string(),
    sourceId: z.string(),
    source: z.string(),
    provider: z.string(),
    providerEventId: z.string().nullable(),
    eventType: z.string().nullable(),
    occurredAt: moment.nullable(),
    receivedAt: moment,
    bodyBytes: z.number().int(),
    duplicateCount: z.number().int(),
    deliveryStates: z
      .record(z.string(), z.number().int())
      .openapi({ description: "How many deliveries are in each state" }),
  })
  .openapi("Event", {
    example: {
      id: "evt_01jdaqt3k0e0080000000000zz",
      sourceId: "src_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      provider: "stripe",
      providerEventId: "evt_1QPpLmKZ5",
      eventType: "invoice.paid",
      occurredAt: "2026-11-21T17:59:59.000Z",
      receivedAt: "2026-11-21T18:00:00.000Z",
      bodyBytes: 1_482,
      duplicateCount: 1,
      deliveryStates: { processed: 1 },
    },
  });

const timelineSchema = z.object({
  at: moment,
  step: z.enum(TIMELINE_STEPS),
  deliveryId: z.string().optional(),
  destination: z.string().optional(),
  attempt: z.number().int().optional(),
  outcome: z.string().optional(),
  status: z.number().int().nullable().optional(),
  detail: z.string().nullable().optional(),
  durationMs: z.number().int().optional(),
  next: z.string().optional(),
  nextAt: moment.nullable().optional(),
});

export const eventDetailSchema = eventSchema
  .extend({
    payloadVersion: z.string().nullable(),
    signedAt: moment.nullable(),
    verifiedBy: z.enum(["signature", "batch_signature", "provider_api"]).openapi({
      description: "batch_signature: one item of a request that was signed as a whole",
    }),
    secretVersion: z.string().nullable(),
    method: z.string(),
    url: z.string(),
    remoteAddress: z.string(),
    bodySha256: z.string(),
    timeline: z.array(timelineSchema),
    deliveries: z.array(deliverySchema),
    duplicates: z.object({
      count: z.number().int(),
      variants: z.number().int().openapi({ description: "How many of them had other bytes than the recorded ones" }),
      variantSha256: z.string().nullable(),
      firstAt: moment.nullable(),
      lastAt: moment.nullable(),
    }),
  })
  .openapi("EventDetail");

export const rawRequestSchema = z
  .object({
    method: z.string(),
    url: z.string(),
    remoteAddress: z.string(),
    receivedAt: moment,
    headers: z.array(z.tuple([z.string(), z.string()])),
    bodyBase64: z.string(),
    bodySha256: z.string(),
  })
  .openapi("RawRequest");

/** What goes with an event in a list: its duplicates and the states of its deliveries. */
export interface EventExtras {
  readonly duplicate: DuplicateRow | null;
  readonly states: Readonly<Record<string, number>>;
}

export function toEvent(row: EventRow, own: TenantCatalog, extras: EventExtras): z.infer<typeof eventSchema> {
  return {
    id: toPublicId("evt", row.id),
    sourceId: toPublicId("src", row.source_id),
    source: own.sourceName(row.source_id),
    provider: own.sources.find(({ id }) => id === row.source_id)?.provider ?? "unknown",
    providerEventId: row.provider_event_id,
    eventType: row.event_type,
    occurredAt: row.occurred_at?.toISOString() ?? null,
    receivedAt: row.received_at.toISOString(),
    bodyBytes: row.body_bytes,
    duplicateCount: extras.duplicate?.count ?? 0,
    deliveryStates: { ...extras.states },
  };
}

export function toEventFacts(row: EventRow, duplicate: DuplicateRow | null) {
  return {
    payloadVersion: row.payload_version,
    signedAt: row.signed_at?.toISOString() ?? null,
    verifiedBy: row.verified_by as "signature" | "batch_signature" | "provider_api",
    secretVersion: row.secret_version,
    method: row.method,
    url: row.url,
    remoteAddress: row.remote_address,
    bodySha256: row.body_sha256.toString("hex"),
    duplicates: {
      count: duplicate?.count ?? 0,
      variants: duplicate?.variants ?? 0,
      variantSha256: duplicate?.variant_sha256?.toString("hex") ?? null,
      firstAt: duplicate?.first_at.toISOString() ?? null,
      lastAt: duplicate?.last_at.toISOString() ?? null,
    },
  };
}

export function toTimelineEntry(entry: TimelineEntry, own: TenantCatalog): z.infer<typeof timelineSchema> {
  const { at, step, deliveryId, destinationId, nextAt, ...attempt } = entry;
  return {
    at: at.toISOString(),
    step,
    ...(deliveryId === undefined ? {} : { deliveryId: toPublicId("dlv", deliveryId) }),
    ...(destinationId === undefined ? {} : { destination: own.destinationName(destinationId) }),
    ...attempt,
    ...(nextAt === undefined ? {} : { nextAt: nextAt?.toISOString() ?? null }),
  };
}
