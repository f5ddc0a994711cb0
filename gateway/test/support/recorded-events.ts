import { createHash, randomBytes, randomUUID } from "node:crypto";
import { placeKey } from "../../src/domain/bucket.ts";
import type { Source } from "../../src/domain/catalog.ts";
import type { Decision } from "../../src/domain/delivery.ts";
import type { Ranks } from "../../src/domain/fair-queue.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { bucketOf, newUuid } from "../../src/domain/id.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import type { EventDraft } from "../../src/pipeline/record-event.ts";
import { openLedger } from "../../src/pipeline/ledger.ts";
import { recordEvents } from "../../src/pipeline/record-event.ts";
import { draftRejection, storeRejections } from "../../src/pipeline/reject.ts";
import { settleDeliveries } from "../../src/pipeline/settle.ts";
import type { Database } from "../../src/store/database.ts";

export interface EventToRecord {
  readonly tenant?: string;
  readonly sourceId: string;
  readonly destinationIds?: readonly string[];
  readonly providerId: string;
  /** What the provider's key is made of; `id:` and the provider's id when absent. */
  readonly eventKey?: string;
  readonly type?: string;
  readonly body?: Uint8Array;
  readonly headers?: readonly (readonly [string, string])[];
  readonly priority?: number;
  readonly at?: Date;
  readonly heldReason?: string | null;
  readonly lane?: string;
  /** Its key and its place in the order of that. */
  readonly order?: { readonly key: string; readonly at: number };
  /** The queue that it takes its rank from; one of all tests of the file when absent. */
  readonly ranks?: Ranks;
}

const ranks = createFairQueue();

/** Records an event through the pipeline's own verb; again with the same provider id it is a duplicate. Ids are UUIDs. */
export async function recordOne(
  db: Database,
  event: EventToRecord,
): Promise<{ kind: string; eventId: string; deliveryIds: string[] }> {
  const receivedAt = event.at ?? new Date();
  const key = Buffer.from(event.eventKey ?? `id:${event.providerId}`);
  const place = placeKey(event.sourceId, key);
  const body = event.body ?? Buffer.from(JSON.stringify({ id: event.providerId }));
  const newId = (): string => newUuid(receivedAt.getTime(), place.bucket, randomBytes(8));
  const draft: EventDraft = {
    id: newId(),
    bucket: place.bucket,
    tenant: event.tenant ?? "default",
    sourceId: event.sourceId,
    keys: [place],
    eventKey: key,
    providerEventId: event.providerId,
    eventType: event.type ?? null,
    payloadVersion: null,
    occurredAt: null,
    signedAt: receivedAt,
    receivedAt,
    verifiedBy: "signature",
    secretVersion: "v1",
    method: "POST",
    url: "/in/key",
    remoteAddress: "203.0.113.7",
    headers: Buffer.from(
      JSON.stringify(
        event.headers ?? [
          ["Content-Type", "application/json"],
          ["X-Twice", "1"],
          ["X-Twice", "2"],
        ],
      ),
    ),
    body,
    bodySha256: createHash("sha256").update(body).digest(),
    deliveries: (event.destinationIds ?? []).map((destinationId) => ({
      id: newId(),
      destinationId,
      trigger: "live",
      priority: event.priority ?? 2,
      lane: event.lane ?? event.tenant ?? "default",
      laneWeight: 1,
      heldReason: event.heldReason ?? (event.order === undefined ? null : "ordered"),
      order: event.order ?? null,
    })),
  };
  const done = await db.transaction(
    (tx) =>
      recordEvents(tx, [draft], {
        ledger: openLedger(),
        now: receivedAt,
        isRepeat: false,
        ranks: event.ranks ?? ranks,
      }),
    10_000,
  );
  if (!done.ok) throw new Error(done.message);
  const [recorded] = done.value;
  return { kind: recorded!.kind, eventId: recorded!.eventId, deliveryIds: draft.deliveries.map(({ id }) => id) };
}

/** What a recorded rejection came with. */
export const REJECTED = {
  method: "POST",
  url: "/in/key",
  headers: [["Stripe-Signature", "t=1,v1=00"]] as [string, string][],
  body: Buffer.from("{}"),
  remoteAddress: "203.0.113.9",
  diagnosis: { step: "signature", summary: "No live secret made this.", evidence: {}, likelyCause: null },
} as const;

/** Keeps a rejection as the door does. @param came what is other than in {@link REJECTED} @returns its id (UUID) */
export async function recordRejection(db: Database, source: Source, came: Partial<Arrival> = {}): Promise<string> {
  const { diagnosis, ...request } = REJECTED;
  const ready = { source, routes: [], provider: null, receiver: {}, lane: null };
  const arrival = { ...request, receivedAt: new Date(), ...came };
  const draft = draftRejection(ready, arrival, "signature_mismatch", diagnosis, (size) => randomBytes(size));
  const done = await db.transaction((tx) => storeRejections(tx, [draft]), 5_000);
  if (!done.ok) throw new Error(done.message);
  return draft.id;
}

/** Leases a delivery and settles it with an answer, as a worker does. */
export async function tryOnce(
  db: Database,
  deliveryId: string,
  outcome: Outcome,
  decision: Decision,
  answer: { readonly headers: [string, string][]; readonly body: string } | null = null,
): Promise<void> {
  const lease = randomUUID();
  const bucket = bucketOf(deliveryId);
  const leased = await db.pool.query<{ destination_id: string }>(
    `UPDATE holdfast.delivery SET state = 'leased', attempt = attempt + 1, lease = $3, lease_until = now() + interval '1 minute',
            due_at = NULL, held_reason = NULL
      WHERE bucket = $1 AND id = $2 RETURNING destination_id`,
    [bucket, deliveryId, lease],
  );
  const now = new Date();
  const settlement = {
    delivery: { bucket, id: deliveryId, lease, destinationId: leased.rows[0]!.destination_id },
    attemptId: newUuid(now.getTime(), bucket, randomBytes(8)),
    attempt: {
      outcome,
      startedAt: now,
      durationMs: 12,
      response:
        answer === null
          ? null
          : {
              headers: Buffer.from(JSON.stringify(answer.headers)),
              body: Buffer.from(answer.body),
              truncated: false,
            },
    },
    decision,
    dueAt: decision.to === "scheduled" ? new Date(now.getTime() + decision.waitMs) : null,
  };
  const done = await db.transaction((tx) => settleDeliveries(tx, [settlement], "test worker", now), 10_000);
  if (!done.ok) throw new Error(done.message);
}
