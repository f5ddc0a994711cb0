import type { Api, StreamedEvent } from "@holdfast/client";
import { sendArrival } from "@holdfast/client";
import { passedOn, toHeaderValue } from "../domain/passed-headers.ts";
import { signDelivery } from "../platform/delivery-signature.ts";

/** What became of one event at the local service. */
export interface Forwarded {
  /** 0: nothing was answered, and `detail` says why. */
  readonly status: number;
  readonly detail: string;
  readonly durationMs: number;
}

/** What forwarding works with. */
export interface ForwardParts {
  readonly api: Api;
  readonly secret: string;
  readonly url: string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 30_000;

/** Posts an event's exact bytes to the local service, with the headers of a real delivery. @param attempt from 1 */
export async function forwardEvent(parts: ForwardParts, event: StreamedEvent, attempt: number): Promise<Forwarded> {
  const { api, secret, url, signal } = parts;
  const raw = await api.events.raw(event.id);
  const body = Buffer.from(raw.bodyBase64, "base64");
  const id = `${event.id}_listen`;
  const startedMs = Date.now();
  const timestampSec = Math.floor(startedMs / 1_000);
  const signature = signDelivery({ secrets: [secret], id, timestampSec, body });
  const headers: (readonly [string, string])[] = [
    ...passedOn(raw.headers, new Set()),
    ["user-agent", "holdfast-listen"],
    ...Object.entries(signature ?? {}),
    ["idempotency-key", id],
    ["holdfast-event", event.id],
    ["holdfast-source", event.source],
    ...(event.eventType === null ? [] : [["holdfast-event-type", toHeaderValue(event.eventType)] as const]),
    ["holdfast-attempt", String(attempt)],
    ["holdfast-trigger", attempt === 1 ? "live" : "retry"],
  ];
  const { status, detail } = await sendArrival({ url, headers, body, timeoutMs: TIMEOUT_MS, signal });
  return { status, detail, durationMs: Date.now() - startedMs };
}
