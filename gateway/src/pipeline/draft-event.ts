import { hash } from "node:crypto";
import type { Verified } from "@holdfast/verify";
import { placeKey } from "../domain/bucket.ts";
import { matchesEventType } from "../domain/event-type.ts";
import { newUuid } from "../domain/id.ts";
import type { Arrival, ReadySource } from "./arrival.ts";
import { toColumnText, toStoredHeaders } from "./arrival.ts";
import type { DeliveryDraft, EventDraft } from "./record-event.ts";

const TEXT_MAX = 512;
const URL_MAX = 4_096;

/**
 * Turns a verified arrival into what will be recorded: its place by its key, ids that carry the place, and one delivery for
 * each destination that a matching route names (the most urgent priority where several do).
 *
 * @param random gives that many random bytes
 */
export function draftEvent(
  ready: ReadySource,
  arrival: Arrival,
  verdict: Verified,
  random: (bytes: number) => Uint8Array,
): EventDraft {
  const { source } = ready;
  const place = placeKey(source.id, verdict.eventKey);
  const receivedMs = arrival.receivedAt.getTime();
  return {
    id: newUuid(receivedMs, place.bucket, random(8)),
    bucket: place.bucket,
    tenant: source.tenant,
    sourceId: source.id,
    keys: verdict.contentKey === null ? [place] : [place, placeKey(source.id, verdict.contentKey, 1)],
    eventKey: verdict.eventKey,
    providerEventId: verdict.eventId === null ? null : toColumnText(verdict.eventId, TEXT_MAX),
    eventType: verdict.eventType === null ? null : toColumnText(verdict.eventType, TEXT_MAX),
    payloadVersion: verdict.payloadVersion === null ? null : toColumnText(verdict.payloadVersion, TEXT_MAX),
    occurredAt: storable(verdict.occurredAt),
    signedAt: storable(verdict.signedAt),
    receivedAt: arrival.receivedAt,
    verifiedBy: "signature",
    secretVersion: verdict.secretVersion,
    method: arrival.method,
    url: toColumnText(arrival.url, URL_MAX),
    remoteAddress: arrival.remoteAddress,
    headers: toStoredHeaders(arrival.headers, ready.provider?.secretHeaders ?? []),
    body: arrival.body,
    bodySha256: hash("sha256", arrival.body, "buffer"),
    deliveries: draftDeliveries(ready, verdict.eventType, receivedMs, place.bucket, random),
  };
}

// A provider's time may lie outside what a timestamptz holds; it is informative only, so it is left out then.
function storable(date: Date | null): Date | null {
  if (date === null) return null;
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date : null;
}

function draftDeliveries(
  ready: ReadySource,
  eventType: string | null,
  receivedMs: number,
  bucket: number,
  random: (bytes: number) => Uint8Array,
): DeliveryDraft[] {
  const chosen = new Map<string, { priority: number; heldReason: string | null }>();
  for (const route of ready.routes) {
    if (!matchesEventType(route.eventTypes, eventType)) continue;
    const known = chosen.get(route.destinationId);
    if (known === undefined || route.priority < known.priority) chosen.set(route.destinationId, route);
  }
  return [...chosen].map(([destinationId, { priority, heldReason }]) => ({
    id: newUuid(receivedMs, bucket, random(8)),
    destinationId,
    trigger: "live",
    priority,
    lane: ready.source.tenant,
    rank: receivedMs,
    heldReason,
  }));
}
