import { randomUUID } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/log.ts";
import { int4Array, textArray, uuidArray } from "../store/binary-array.ts";
import { codeOf, isConnectionGone, isConnectionLost } from "../store/database.ts";
import type { LeasedRow } from "../store/deliveries/claim-ready.ts";
import { claimFrom, claimReady } from "../store/deliveries/claim-ready.ts";
import type { EventBytesRow } from "../store/events/find-events.ts";
import { findEvents } from "../store/events/find-events.ts";
import type { Queryable } from "../store/statement.ts";
import type { LeaseClocks, LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { toLeased, toStoredEvent } from "./leased-delivery.ts";

/**
 * What a delivery's event came to: `gone` when its row is no longer there, `damaged` when the database cannot read that,
 * `unreadable` when its stored headers are not what we wrote, `unread` when the database was lost between the claim and the read,
 * or its body is larger than there was room for, `failed` when the database did not read it by itself, and may another time, `late` when
 * it was not read with others, and there was no time left to read it by itself, or when there will be no room for its body for some time.
 */
export type FoundEvent = StoredEvent | "gone" | "damaged" | "unreadable" | "unread" | "failed" | "late";

/** A leased delivery with its event. */
export interface Claimed {
  readonly delivery: LeasedDelivery;
  readonly event: FoundEvent;
  /** What the database said, where it is `failed`, `damaged` or `late`. */
  readonly fault?: string;
}

/** A claim whose answer was lost with its connection: it may have leased something, or may do so yet. */
export interface DoubtfulClaim {
  readonly lease: string;
  /** The lease's deadline as the database was told it. */
  readonly leaseUntil: string;
  /** The same on this process's monotonic clock, or a little earlier. */
  readonly leaseEndsMs: number;
}

/** What a claim that was answered came to. */
export interface AnsweredClaim {
  /** The rank at which each class was begun, the most urgent first; null: at the head. */
  readonly from: readonly number[] | null;
  readonly found: readonly Pick<LeasedRow, "priority" | "rank">[];
  readonly tookMs: number;
}

/** A claim waits for the time where that is not known any more: a lease must not be born expired. */
export interface ClaimDeps extends LeaseClocks {
  readonly db: Queryable;
  readonly leaseMs: number;
  /** Where this claim begins to look: see {@link AnsweredClaim}. */
  readonly claimFloors: () => AnsweredClaim["from"];
  /** Is told what was found, so that the queue knows how far the service has got. */
  readonly onClaimed: (claim: AnsweredClaim) => void;
  /** Is told of a claim whose outcome is unknown, before it is thrown. */
  readonly onDoubt: (claim: DoubtfulClaim) => void;
}

/**
 * Leases up to `slots` ready deliveries. The lease's end is reckoned from before the claim was sent, so this process always
 * stops earlier than the database would take the delivery away.
 */
export async function claim(deps: ClaimDeps, slots: number): Promise<LeasedDelivery[]> {
  const syncing = deps.syncTime();
  if (syncing !== null) await syncing;
  const lease = randomUUID();
  const sentMs = deps.clock.monotonicMs();
  const leaseEndsMs = sentMs + deps.leaseMs;
  const leaseUntilMs = deps.databaseNow().getTime() + deps.leaseMs;
  const leaseUntil = new Date(leaseUntilMs).toISOString();
  const from = deps.claimFloors();
  const statement = from === null ? claimReady : claimFrom;
  const leased = await deps.db.run(statement, [slots, lease, leaseUntil, ...(from ?? [])]).catch((error: unknown) => {
    if (isConnectionLost(error)) deps.onDoubt({ lease, leaseUntil, leaseEndsMs });
    throw error;
  });
  deps.onClaimed({ from, found: leased.rows, tookMs: deps.clock.monotonicMs() - sentMs });
  return leased.rows.map((row) => toLeased(row, { lease, leaseEndsMs, leaseUntilMs }));
}

export interface ReadDeps {
  readonly db: Queryable;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly recent: { take(eventId: string): StoredEvent | null };
  readonly makeRoom: (delivery: LeasedDelivery, bytes: number) => "made" | "unread" | "late";
}

/**
 * Reads the events of claimed deliveries. Never throws: what is claimed has to be settled or returned, and one bad row must
 * not take the batch with it.
 *
 * @param deps.recent events that this process has just recorded, and need not be read
 * @param deps.makeRoom whether there is room for a body that is longer than `bodyBytesMax`; where there is none it is left where it is,
 *   and what is said in place of `made` is what its event came to
 * @param bodyBytesMax the longest body that there is room for in any case
 */
export async function readEvents(
  deps: ReadDeps,
  deliveries: readonly LeasedDelivery[],
  bodyBytesMax: number,
): Promise<Claimed[]> {
  const kept = deliveries.map((delivery) => takeRecent(deps, delivery, bodyBytesMax));
  const missing = await readStored(
    deps,
    deliveries.filter((_, i) => kept[i] === null),
    bodyBytesMax,
  );
  let at = 0;
  return deliveries.map((delivery, i) => {
    const event = kept[i] ?? null;
    return event === null ? missing[at++]! : { delivery, event };
  });
}

/** A long one that there is no room for is let go of here too: it counts no less for having been read before. */
function takeRecent(deps: ReadDeps, delivery: LeasedDelivery, bodyBytesMax: number): StoredEvent | null {
  const event = deps.recent.take(delivery.eventId);
  if (event === null || event.body.length <= bodyBytesMax) return event;
  return deps.makeRoom(delivery, event.body.length) === "made" ? event : null;
}

async function readStored(
  deps: ReadDeps,
  deliveries: readonly LeasedDelivery[],
  bodyBytesMax: number,
): Promise<Claimed[]> {
  if (deliveries.length === 0) return [];
  const startMs = deps.clock.monotonicMs();
  try {
    const buckets = int4Array(deliveries.map(({ bucket }) => bucket));
    const ids = uuidArray(deliveries.map(({ eventId }) => eventId));
    const tenants = textArray(deliveries.map(({ tenant }) => tenant));
    const found = await deps.db.run(findEvents, [buckets, ids, bodyBytesMax, tenants]);
    const events = new Map(found.rows.map((row) => [row.id, row]));
    const read = deliveries.map((delivery) => ({ delivery, event: toFound(events.get(delivery.eventId)) }));
    const large = await readLarge(deps, deliveries, events);
    return large.size === 0 ? read : read.map((one) => large.get(one.delivery) ?? one);
  } catch (error) {
    if (isConnectionGone(error)) return withEvent(deliveries, "unread");
    const fault = `${codeOf(error) ?? "no code"}: ${messageOf(error)}`.slice(0, FAULT_CHARS_MAX);
    if (deliveries.length === 1) return withEvent(deliveries, isDamage(error) ? "damaged" : "failed", fault);
    return readHalves(deps, deliveries, bodyBytesMax, { fault, tookMs: deps.clock.monotonicMs() - startMs });
  }
}

const FAULT_CHARS_MAX = 300;

/**
 * Reads apart what could not be read together, down to the one that fails whatever reads it: a page that does not fit its checksum,
 * a file that is gone, bodies that take too long. Given back together they would be claimed together again, for ever.
 *
 * @param failed.tookMs how long it took to fail. A half is left where its lease may end before it is settled
 */
async function readHalves(
  deps: ReadDeps,
  deliveries: readonly LeasedDelivery[],
  bodyBytesMax: number,
  { fault, tookMs }: { readonly fault: string; readonly tookMs: number },
): Promise<Claimed[]> {
  const half = deliveries.length >> 1;
  const read: Claimed[] = [];
  for (const part of [deliveries.slice(0, half), deliveries.slice(half)]) {
    const hasTime = deps.clock.monotonicMs() + 2 * tookMs <= part[0]!.leaseEndsMs;
    read.push(...(hasTime ? await readStored(deps, part, bodyBytesMax) : withEvent(part, "late", fault)));
  }
  return read;
}

function withEvent(deliveries: readonly LeasedDelivery[], event: FoundEvent, fault?: string): Claimed[] {
  return deliveries.map((delivery) => ({ delivery, event, ...(fault !== undefined && { fault }) }));
}

function toFound(row: EventBytesRow | undefined): FoundEvent {
  if (row === undefined) return "gone";
  const { body } = row;
  return body === null ? "unread" : (toStoredEvent(row, body) ?? "unreadable");
}

/** Those that were longer than expected, as far as there is room for them. */
async function readLarge(
  deps: ReadDeps,
  deliveries: readonly LeasedDelivery[],
  events: ReadonlyMap<string, EventBytesRow>,
): Promise<ReadonlyMap<LeasedDelivery, Claimed>> {
  const large: LeasedDelivery[] = [];
  const left: Claimed[] = [];
  let bytesMax = 0;
  for (const delivery of deliveries) {
    const row = events.get(delivery.eventId);
    if (row === undefined || row.body !== null) continue;
    const room = deps.makeRoom(delivery, row.bytes);
    if (room !== "made") {
      left.push({ delivery, event: room });
      continue;
    }
    large.push(delivery);
    bytesMax = Math.max(bytesMax, row.bytes);
  }
  const read = await readStored(deps, large, bytesMax);
  return new Map([...left, ...read].map((one) => [one.delivery, one]));
}

/** data_corrupted, index_corrupted, undefined_file. Other errors of the disk, and internal ones, may pass: it is tried again by the schedule. */
function isDamage(error: unknown): boolean {
  return ["XX001", "XX002", "58P01"].includes(codeOf(error) ?? "");
}
