import { hash } from "node:crypto";
import type { Verified } from "@holdfast/verify";
import { placeKey } from "../domain/bucket.ts";
import { laneOf } from "../domain/lane.ts";
import { selectText } from "../domain/selector.ts";
import { matchesEventType } from "../domain/event-type.ts";
import { newUuid } from "../domain/id.ts";
import type { Arrival, ReadyRoute, ReadySource } from "./arrival.ts";
import { toColumnText, toStoredHeaders, toStoredUrl } from "./arrival.ts";
import type { EventView } from "./event-view.ts";
import { viewEvent } from "./event-view.ts";
import type { DeliveryDraft, EventDraft } from "./record-event.ts";

const TEXT_MAX = 512;
const URL_MAX = 4_096;
// Beyond it a value is cut off: two that are the same that far share a lane.
const LANE_CHARS_MAX = 128;
// The same for keys that keep an order: it is kept for both together.
const ORDER_KEY_CHARS_MAX = 256;

/** Is told of a route whose filter could not be worked out for an event, and why; the event is then not meant. */
export type FilterFaultObserver = (route: Pick<ReadyRoute, "id" | "name">, fault: string) => void;

/**
 * Turns a verified arrival into what will be recorded: its place by its key, ids that carry the place, and one delivery for
 * each destination that a matching route names (the most urgent priority where several do). The body is parsed only for a
 * lane, a filter or an order that looks into it.
 *
 * @param random gives that many random bytes
 * @param nextOrderAt the event's place in the order of its key, in microseconds since 1970; by default when it was received
 */
export function draftEvent(
  ready: ReadySource,
  arrival: Arrival,
  verdict: Verified,
  random: (bytes: number) => Uint8Array,
  onFilterFault: FilterFaultObserver = () => {},
  nextOrderAt: () => number = () => arrival.receivedAt.getTime() * 1_000,
): EventDraft {
  const { source } = ready;
  const place = placeKey(source.id, verdict.eventKey);
  const receivedMs = arrival.receivedAt.getTime();
  const view = viewEvent(source.name, arrival, verdict);
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
    url: toColumnText(toStoredUrl(arrival.url, ready.provider?.secretQuery ?? []), URL_MAX),
    remoteAddress: arrival.remoteAddress,
    headers: toStoredHeaders(arrival.headers, ready.provider?.secretHeaders ?? []),
    body: arrival.body,
    bodySha256: hash("sha256", arrival.body, "buffer"),
    deliveries: draftDeliveries(ready, view, onFilterFault, {
      newId: () => newUuid(receivedMs, place.bucket, random(8)),
      nextOrderAt,
    }),
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
  event: EventView,
  onFilterFault: FilterFaultObserver,
  { newId, nextOrderAt }: { readonly newId: () => string; readonly nextOrderAt: () => number },
): DeliveryDraft[] {
  const chosen = new Map<string, ReadyRoute>();
  for (const route of ready.routes) {
    if (!isMeant(route, event, onFilterFault)) continue;
    const known = chosen.get(route.destinationId);
    chosen.set(route.destinationId, known === undefined ? route : join(known, route));
  }
  if (chosen.size === 0) return [];
  const value = ready.lane === null ? null : selectText(ready.lane, event);
  const lane = laneOf(ready.source.tenant, value === null ? null : toColumnText(value, LANE_CHARS_MAX));
  const { laneWeight } = ready.source.policy;
  return [...chosen.values()].map(({ destinationId, priority, orderBy, heldReason }) => {
    const orderKey = orderKeyOf(orderBy, event);
    return {
      id: newId(),
      destinationId,
      trigger: "live",
      priority,
      lane,
      laneWeight,
      heldReason: orderKey === null ? heldReason : "ordered",
      order: orderKey === null ? null : { key: orderKey, at: nextOrderAt() },
    };
  });
}

/** Two routes that lead to one destination: the more urgent one, and an order if either keeps one. */
function join(a: ReadyRoute, b: ReadyRoute): ReadyRoute {
  return { ...(b.priority < a.priority ? b : a), orderBy: a.orderBy ?? b.orderBy };
}

function orderKeyOf(orderBy: ReadyRoute["orderBy"], event: EventView): string | null {
  const value = orderBy === null ? null : selectText(orderBy, event);
  return value === null || value === "" ? null : toColumnText(value, ORDER_KEY_CHARS_MAX);
}

function isMeant(route: ReadyRoute, event: EventView, onFault: FilterFaultObserver): boolean {
  const { eventTypes, filter } = route;
  if (!matchesEventType(eventTypes, event.type)) return false;
  if (filter === null) return true;
  const verdict = filter(event.filtered());
  if (!verdict.ok) onFault(route, verdict.fault);
  return verdict.ok && verdict.isMatch;
}
