import type { Destination } from "../domain/catalog.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Clock } from "../platform/clock.ts";
import type { Egress, EgressOutcome } from "../platform/egress/egress-outcome.ts";
import { deliveryHeaders } from "./delivery-headers.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { parseRetryAfterMs } from "./retry-after.ts";

/** One try of a delivery: what it came to, and what the destination said. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly response: { readonly headers: Uint8Array; readonly body: Uint8Array; readonly truncated: boolean } | null;
}

export interface DeliverDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  /** Signatures are of the database's time: receivers refuse what is minutes off, and a worker's own clock may be. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly catalog: () => CatalogIndex;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RESPONSE_BYTES_MAX = 16_384;

/**
 * One attempt over HTTP, outside any transaction, with one total deadline.
 *
 * @param signingSecret the destination's Standard Webhooks secret
 * @param timeoutMs from the first look at the name to the last byte of the answer
 * @param signal aborts it when the process has to end
 */
export async function deliver(
  deps: DeliverDeps,
  input: {
    readonly delivery: LeasedDelivery;
    readonly event: StoredEvent;
    readonly destination: Destination;
    readonly url: string;
    readonly signingSecret: string;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Attempt> {
  const startedAt = deps.clock.now();
  const startedMs = deps.clock.monotonicMs();
  const source = deps.catalog().findSourceById(input.event.sourceId);
  if (source === null) return unsent(startedAt, "unreadable", "the source of this event is no longer in the catalog");
  const { delivery, event, destination, signingSecret } = input;
  const nowMs = deps.databaseNow().getTime();
  const headers = deliveryHeaders({ delivery, event, destination, signingSecret, source, nowMs, random: deps.random });
  if (headers === null) return unsent(startedAt, "unreadable", "the destination's signing secret cannot sign");
  const answer = await deps.egress.post({
    url: input.url,
    headers,
    body: input.event.body,
    totalTimeoutMs: input.timeoutMs,
    connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, input.timeoutMs),
    responseBytesMax: RESPONSE_BYTES_MAX,
    signal: input.signal,
  });
  const durationMs = Math.max(0, Math.round(deps.clock.monotonicMs() - startedMs));
  const { outcome, response } = toAttempt(answer, startedAt, signingSecret);
  return { outcome, startedAt, durationMs, response };
}

function unsent(startedAt: Date, fault: "unreadable", detail: string): Attempt {
  return { outcome: { kind: "failed", fault, detail }, startedAt, durationMs: 0, response: null };
}

function toAttempt(answer: EgressOutcome, now: Date, secret: string): Pick<Attempt, "outcome" | "response"> {
  switch (answer.kind) {
    case "blocked":
      return { outcome: { kind: "failed", fault: "blocked", detail: answer.detail }, response: null };
    case "failed":
      return { outcome: { kind: "failed", fault: answer.fault, detail: answer.detail }, response: null };
    case "response": {
      const retryAfter = answer.headers.find(([name]) => name === "retry-after")?.[1];
      return {
        outcome: { kind: "answered", status: answer.status, retryAfterMs: parseRetryAfterMs(retryAfter, now) },
        response: {
          headers: Buffer.from(JSON.stringify(answer.headers.filter(([name]) => name !== "set-cookie"))),
          body: redact(answer.body, secret),
          truncated: answer.truncated,
        },
      };
    }
  }
}

/** A destination may echo what it was sent; our own secret must not end up in the history of attempts. */
function redact(body: Uint8Array, secret: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const key = secret.replace(/^whsec_/, "");
  if (!bytes.includes(key)) return body;
  return Buffer.from(bytes.toString("latin1").replaceAll(key, "[redacted]"), "latin1");
}
