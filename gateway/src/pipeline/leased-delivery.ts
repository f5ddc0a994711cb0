import type { Trigger } from "../domain/delivery.ts";
import type { Clock } from "../platform/clock.ts";
import type { LeasedRow } from "../store/deliveries/claim-ready.ts";
import type { EventBytesRow } from "../store/events/find-events.ts";
import type { EventDraft } from "./record-event.ts";

/** The lease of a claim, with its end by two clocks: it is over when it is by one of them. */
export interface Lease {
  readonly lease: string;
  /** On this process's monotonic clock, taken before the claim was sent, so never later than the database's deadline. */
  readonly leaseEndsMs: number;
  /** The deadline itself, by the database's clock in Unix milliseconds: time in which the machine was suspended counts here alone. */
  readonly leaseUntilMs: number;
}

/** A delivery that this worker may try until its lease ends. */
export interface LeasedDelivery extends Lease {
  readonly bucket: number;
  readonly id: string;
  readonly tenant: string;
  readonly eventId: string;
  readonly destinationId: string;
  /** What the receiver deduplicates by: the id of the first delivery of this event to this destination. */
  readonly key: string;
  readonly trigger: Trigger;
  readonly attempt: number;
  readonly refusals: number;
  readonly priority: number;
  readonly lane: string;
  /** Whether it may be tried at a destination that has a gate. */
  readonly permit: boolean;
  /** Of deliveries with the same key only one is out at a time; null: it keeps no order. */
  readonly orderKey: string | null;
}

/** What tells how much of a lease is left. */
export interface LeaseClocks {
  readonly clock: Clock;
  /** The database's time as this process knows it. */
  readonly databaseNow: () => Date;
  /** Reads it again where it may not be known any more, and throws where that fails; else null. */
  readonly syncTime: () => Promise<void> | null;
}

/**
 * Whether what takes so long at most may end after the lease. A worker that was stopped, or whose machine slept, and goes on must not
 * send what another may already be sending. Where the database's time is not known any more, nobody can tell.
 */
export function endsAfterLease(deps: LeaseClocks, { leaseEndsMs, leaseUntilMs }: Lease, timeoutMs: number): boolean {
  const syncing = deps.syncTime();
  if (syncing === null)
    return (
      deps.clock.monotonicMs() + timeoutMs > leaseEndsMs || deps.databaseNow().getTime() + timeoutMs > leaseUntilMs
    );
  // Whoever claims next waits for it, and hears of its fault.
  syncing.catch(() => {});
  return true;
}

/** The event of a delivery, as its bytes were recorded. */
export interface StoredEvent {
  readonly id: string;
  readonly sourceId: string;
  readonly eventType: string | null;
  readonly occurredAt: Date | null;
  readonly receivedAt: Date;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Why it is delivered, as its receiver is told: a copy is a replay, and a live one that is tried again is a retry. */
export function shownTrigger({
  trigger,
  attempt,
}: Pick<LeasedDelivery, "trigger" | "attempt">): Exclude<Trigger, "copy"> {
  if (trigger === "copy") return "replay";
  return trigger === "live" && attempt > 1 ? "retry" : trigger;
}

export function toLeased(row: LeasedRow, { lease, leaseEndsMs, leaseUntilMs }: Lease): LeasedDelivery {
  return {
    bucket: row.bucket,
    id: row.id,
    tenant: row.tenant,
    eventId: row.event_id,
    destinationId: row.destination_id,
    key: row.key,
    trigger: row.trigger as Trigger,
    attempt: row.attempt,
    refusals: row.refusals,
    priority: row.priority,
    lane: row.lane,
    permit: row.permit,
    orderKey: row.order_key,
    lease,
    leaseEndsMs,
    leaseUntilMs,
  };
}

/** The event as it would be read back, when it has just been recorded. */
export function eventOfDraft(draft: EventDraft): StoredEvent | null {
  const { id, sourceId, eventType, occurredAt, receivedAt, body } = draft;
  const { buffer, byteOffset, byteLength } = draft.headers;
  const headers = readHeaders(Buffer.from(buffer, byteOffset, byteLength));
  return headers === null ? null : { id, sourceId, eventType, occurredAt, receivedAt, headers, body };
}

/** @returns null when the stored headers are not a list of pairs of texts */
export function toStoredEvent(row: EventBytesRow, body: Uint8Array): StoredEvent | null {
  const headers = readHeaders(row.headers);
  if (headers === null) return null;
  return {
    id: row.id,
    sourceId: row.source_id,
    eventType: row.event_type,
    occurredAt: row.occurred_at,
    receivedAt: row.received_at,
    headers,
    body,
  };
}

function readHeaders(stored: Buffer): [string, string][] | null {
  try {
    const parsed: unknown = JSON.parse(stored.toString("utf8"));
    return Array.isArray(parsed) && parsed.every(isPair) ? parsed : null;
  } catch {
    return null;
  }
}

function isPair(item: unknown): item is [string, string] {
  return Array.isArray(item) && item.length === 2 && typeof item[0] === "string" && typeof item[1] === "string";
}
