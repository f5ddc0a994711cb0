import type { BatchItem, Verified } from "@holdfast/verify";
import { splitBatch } from "@holdfast/verify";
import { createOrderClock } from "../domain/order-clock.ts";
import type { Arrival, IngestResult, ReadySource } from "./arrival.ts";
import type { FilterFaultObserver } from "./draft-event.ts";
import { draftEvent } from "./draft-event.ts";
import type { EventDraft, Recorded } from "./record-event.ts";
import { toVerifyInput } from "./verify-arrival.ts";

interface DraftDeps {
  readonly random: (bytes: number) => Uint8Array;
  readonly publicUrl: string | null;
  readonly onFilterFault?: FilterFaultObserver;
  /** Places in the order of a key; by default from when it was received, each item after the one before it. */
  readonly nextOrderAt?: () => number;
}

/**
 * The events of a verified arrival: one, or one an item where the source asks for that and the request is a batch. No two of
 * them share a key: what a request tells twice is one event.
 */
export function draftEvents(
  deps: DraftDeps,
  ready: ReadySource,
  arrival: Arrival,
  verdict: Verified,
): readonly [EventDraft, ...EventDraft[]] {
  const items = ready.source.policy.batch === "item" ? split(deps, ready, arrival, verdict) : null;
  const [first, ...others] = items ?? [];
  const nextOrderAt = deps.nextOrderAt ?? createOrderClock(() => arrival.receivedAt);
  const draftOne = (one: Arrival, own: Verified): EventDraft =>
    draftEvent(ready, one, own, deps.random, deps.onFilterFault, nextOrderAt);
  if (first === undefined) return [draftOne(arrival, verdict)];
  const headers = describeJson(arrival.headers);
  const draft = (item: BatchItem): EventDraft => {
    const own = { ...verdict, ...identityOf(item) };
    // A slice keeps the whole request in memory, 25 MiB for 1 kB, while all that waits is counted by its own length. Not
    // Buffer.from alone, which takes small ones from a slab of 8 KiB that they would keep in the same way.
    const body = Buffer.from(new Uint8Array(item.body).buffer);
    const drafted = draftOne({ ...arrival, headers, body }, own);
    // The provider signed the request, not the item: nobody can verify the item's bytes by themselves again.
    return { ...drafted, verifiedBy: "batch_signature" };
  };
  const drafts: [EventDraft, ...EventDraft[]] = [draft(first)];
  const keys = new Set(drafts[0].keys.map(({ key }) => key));
  for (const item of others) {
    const next = draft(item);
    if (next.keys.some(({ key }) => keys.has(key))) continue;
    for (const { key } of next.keys) keys.add(key);
    drafts.push(next);
  }
  return drafts;
}

function split(deps: DraftDeps, ready: ReadySource, arrival: Arrival, verdict: Verified): readonly BatchItem[] | null {
  return splitBatch(toVerifyInput(ready, arrival, deps.publicUrl), verdict);
}

function identityOf({ eventId, eventKey, contentKey, eventType, occurredAt, payloadVersion }: BatchItem) {
  return { eventId, eventKey, contentKey, eventType, occurredAt, payloadVersion };
}

/** An item is JSON, whatever it came in: a form (Mandrill), lines (Auth0). */
function describeJson(headers: Arrival["headers"]): Arrival["headers"] {
  return headers.map(([name, value]) =>
    name.toLowerCase() === "content-type" && !/^application\/(?:[\w.+-]+\+)?json\b/i.test(value)
      ? [name, "application/json"]
      : [name, value],
  );
}

/** What became of an arrival's events: recorded when one of them is new. */
export function sumUp(recorded: readonly Recorded[]): Extract<IngestResult, { kind: "recorded" | "duplicate" }> {
  const [first] = recorded;
  if (first === undefined) throw new Error("an arrival is at least one event");
  if (recorded.length === 1) return first;
  const duplicates = recorded.filter(({ kind }) => kind === "duplicate").length;
  return {
    kind: duplicates === recorded.length ? "duplicate" : "recorded",
    eventId: first.eventId,
    items: { eventIds: recorded.map(({ eventId }) => eventId), duplicates },
  };
}
