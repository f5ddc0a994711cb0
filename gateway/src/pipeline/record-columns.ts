import type { KeyPlace } from "../domain/bucket.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import { heldLane } from "../domain/lane.ts";
import type { LedgerStep } from "../domain/ledger-step.ts";
import { FIRST_LEDGER_STEP, generationsOf } from "../domain/ledger-step.ts";
import type { SentValue } from "../store/at-once.ts";
import { float8Array, int4Array, int8Array, textArray, timestamptzArray, uuidArray } from "../store/binary-array.ts";
import { createBytePack } from "../store/byte-pack.ts";
import type { DeliveryDraft, EventDraft } from "./record-event.ts";

/** One line of the ledger. */
export interface Line extends KeyPlace {
  readonly eventId: string;
}

/** The lines of events, one or two each. */
export function linesOf(drafts: readonly EventDraft[]): Line[] {
  return drafts.flatMap((draft) => draft.keys.map(({ bucket, key }): Line => ({ bucket, key, eventId: draft.id })));
}

/** The values of `claimKeys` and `claimFreeKeys`. */
export function toLineColumns(lines: readonly Line[], step: LedgerStep): SentValue[] {
  const generations = generationsOf(step);
  return [
    int4Array(lines.map((line) => line.bucket)),
    uuidArray(lines.map((line) => line.key)),
    uuidArray(lines.map((line) => line.eventId)),
    int4Array(generations),
    generations.at(-1)!,
    step,
    step === FIRST_LEDGER_STEP,
  ];
}

/** The values of `insertEvents` and `insertMissingEvents`. */
export function toEventColumns(drafts: readonly EventDraft[]): SentValue[] {
  const pack = createBytePack();
  const starts = drafts.map(({ eventKey, headers, body, bodySha256 }) => {
    const { at } = pack.add(eventKey);
    for (const part of [headers, body, bodySha256]) pack.add(part);
    return at;
  });
  return [
    pack.toBuffer(),
    int4Array(drafts.map((draft) => draft.bucket)),
    uuidArray(drafts.map((draft) => draft.id)),
    textArray(drafts.map((draft) => draft.tenant)),
    uuidArray(drafts.map((draft) => draft.sourceId)),
    textArray(drafts.map((draft) => draft.providerEventId)),
    textArray(drafts.map((draft) => draft.eventType)),
    textArray(drafts.map((draft) => draft.payloadVersion)),
    timestamptzArray(drafts.map((draft) => draft.occurredAt)),
    timestamptzArray(drafts.map((draft) => draft.signedAt)),
    timestamptzArray(drafts.map((draft) => draft.receivedAt)),
    textArray(drafts.map((draft) => draft.verifiedBy)),
    textArray(drafts.map((draft) => draft.secretVersion)),
    textArray(drafts.map((draft) => draft.method)),
    textArray(drafts.map((draft) => draft.url)),
    textArray(drafts.map((draft) => draft.remoteAddress)),
    int4Array(starts),
    int4Array(drafts.map((draft) => draft.eventKey.length)),
    int4Array(drafts.map((draft) => draft.headers.length)),
    int4Array(drafts.map((draft) => draft.body.length)),
  ];
}

/** The values of `insertDeliveries` and `insertMissingDeliveries`; null where there are none. Each takes its rank. */
export function toDeliveryColumns(drafts: readonly EventDraft[], ranks: Ranks): SentValue[] | null {
  const items = drafts.flatMap((draft) => draft.deliveries.map((delivery) => ({ draft, delivery })));
  if (items.length === 0) return null;
  return [
    int4Array(items.map(({ draft }) => draft.bucket)),
    uuidArray(items.map(({ delivery }) => delivery.id)),
    textArray(items.map(({ draft }) => draft.tenant)),
    uuidArray(items.map(({ draft }) => draft.id)),
    uuidArray(items.map(({ delivery }) => delivery.destinationId)),
    textArray(items.map(({ delivery }) => delivery.trigger)),
    int4Array(items.map(({ delivery }) => delivery.priority)),
    textArray(items.map(({ delivery }) => delivery.lane)),
    float8Array(items.map(({ delivery }) => rankOf(ranks, delivery))),
    textArray(items.map(({ delivery }) => (delivery.heldReason === null ? "ready" : "held"))),
    textArray(items.map(({ delivery }) => delivery.heldReason)),
    textArray(items.map(({ delivery }) => delivery.order?.key ?? null)),
    int8Array(items.map(({ delivery }) => delivery.order?.at ?? null)),
  ];
}

// Only here, where nearly all are new: an arrival that comes a hundred times must not move its lane a hundred times.
function rankOf(ranks: Ranks, { priority, lane, laneWeight, heldReason, destinationId }: DeliveryDraft): number {
  return ranks.next(priority, heldReason === null ? lane : heldLane(destinationId, lane), laneWeight);
}
