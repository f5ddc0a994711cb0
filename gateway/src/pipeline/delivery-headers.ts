import type { Destination, Source } from "../domain/catalog.ts";
import { toPublicId } from "../domain/id.ts";
import { passedOn, toHeaderValue } from "../domain/passed-headers.ts";
import { signDelivery } from "../platform/delivery-signature.ts";
import type { LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { shownTrigger } from "./leased-delivery.ts";

/**
 * The headers of one attempt: the provider's own, in order, then ours, signed by Standard Webhooks over the exact bytes.
 * `webhook-id` and `idempotency-key` are the same in every attempt. A provider's header that has one of our names (a sender
 * that uses Standard Webhooks itself) is passed as `holdfast-original-<name>`.
 *
 * @param input.nowMs Unix time of the attempt by the database, which is what the signature's timestamp means
 * @returns null when the destination's secret cannot sign: such a delivery must not be sent
 */
export function deliveryHeaders(input: {
  readonly delivery: LeasedDelivery;
  readonly event: StoredEvent;
  readonly source: Source;
  readonly destination: Destination;
  readonly signingSecret: string;
  readonly nowMs: number;
  readonly random: (bytes: number) => Uint8Array;
}): [string, string][] | null {
  const { delivery, event, source, destination } = input;
  const id = toPublicId("dlv", delivery.key);
  const timestampSec = Math.floor(input.nowMs / 1_000);
  const signature = signDelivery({ secrets: [input.signingSecret], id, timestampSec, body: event.body });
  if (signature === null) return null;
  const own = destination.headers;
  const headers = passedOn(event.headers, own.length === 0 ? NONE : new Set(own.map(([name]) => name.toLowerCase())));
  for (const [name, value] of own) headers.push([name, value]);
  headers.push(
    ["user-agent", "holdfast/0.1"],
    ["webhook-id", signature["webhook-id"]],
    ["webhook-timestamp", signature["webhook-timestamp"]],
    ["webhook-signature", signature["webhook-signature"]],
    ["idempotency-key", id],
    ["holdfast-event", toPublicId("evt", event.id)],
    ["holdfast-source", source.name],
  );
  if (event.eventType !== null) headers.push(["holdfast-event-type", toHeaderValue(event.eventType)]);
  headers.push(["holdfast-attempt", String(delivery.attempt)], ["holdfast-trigger", shownTrigger(delivery)]);
  // Whoever gets a copy must be able to tell it from the event's own delivery, which somebody else has.
  if (delivery.trigger === "copy") headers.push(["holdfast-copy", "true"]);
  headers.push(["traceparent", traceparent(event.headers, input.random)]);
  return headers;
}

const NONE: ReadonlySet<string> = new Set();

/** Goes on with the sender's trace where it sent one (W3C Trace Context), else starts one. */
function traceparent(headers: StoredEvent["headers"], random: (bytes: number) => Uint8Array): string {
  const sent = headers.find(([name]) => name.toLowerCase() === "traceparent")?.[1];
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(sent ?? "");
  const hex = Buffer.from(random(24)).toString("hex");
  return `00-${match?.[1] ?? hex.slice(0, 32)}-${hex.slice(32, 48)}-${match?.[2] ?? "01"}`;
}
