import { claimFreeKeys } from "../store/events/claim-free-keys.ts";
import { countDuplicates } from "../store/events/count-duplicates.ts";
import { findKeyOwners } from "../store/events/find-key-owners.ts";
import { insertMissingEvents } from "../store/events/insert-missing-events.ts";
import { leaveRecord } from "../store/events/leave-record.ts";
import { releaseKeys } from "../store/events/release-keys.ts";
import { insertMissingDeliveries } from "../store/deliveries/insert-missing-deliveries.ts";
import { createBytePack } from "../store/byte-pack.ts";
import type { Transaction } from "../store/database.ts";
import type { Queryable } from "../store/statement.ts";
import type { KeyPlace } from "../domain/bucket.ts";
import { bucketOf } from "../domain/id.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import { generationsOf } from "../domain/ledger-step.ts";
import type { Trigger } from "../domain/delivery.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./record-columns.ts";
import { linesOf, toDeliveryColumns, toEventColumns, toLineColumns } from "./record-columns.ts";

/** An event that is ready to be recorded. Its ids and times are fixed here, so that a repeat writes the same rows. */
export interface EventDraft {
  readonly id: string;
  readonly bucket: number;
  readonly tenant: string;
  readonly sourceId: string;
  /** The event key's place first; then the place of its signed content, where the id is not signed. */
  readonly keys: readonly KeyPlace[];
  readonly eventKey: Uint8Array;
  readonly providerEventId: string | null;
  readonly eventType: string | null;
  readonly payloadVersion: string | null;
  readonly occurredAt: Date | null;
  readonly signedAt: Date | null;
  readonly receivedAt: Date;
  /** `batch_signature`: one item of a request that was signed as a whole. */
  readonly verifiedBy: "signature" | "batch_signature" | "provider_api";
  readonly secretVersion: string | null;
  readonly method: string;
  readonly url: string;
  readonly remoteAddress: string;
  readonly headers: Uint8Array;
  readonly body: Uint8Array;
  readonly bodySha256: Uint8Array;
  readonly deliveries: readonly DeliveryDraft[];
}

export interface DeliveryDraft {
  readonly id: string;
  readonly destinationId: string;
  readonly trigger: Trigger;
  readonly priority: number;
  readonly lane: string;
  /** The lane's share, beside lanes of weight 1. */
  readonly laneWeight: number;
  readonly heldReason: string | null;
  /** Absent when it keeps no order. */
  readonly order?: OrderPlace | null;
}

/** The key of an order and a place in it, in microseconds since 1970. */
export interface OrderPlace {
  readonly key: string;
  readonly at: number;
}

export type Recorded = { readonly kind: "recorded" | "duplicate"; readonly eventId: string };

/**
 * Records a batch of events, each with its ledger keys and one delivery for each matching route, inside one transaction.
 * No two drafts of a batch share a key. Safe to repeat with the same drafts after an unknown outcome.
 *
 * @returns one result a draft, in order; valid once the transaction is committed
 */
export async function recordEvents(
  tx: Transaction,
  drafts: readonly EventDraft[],
  options: { readonly ledger: Ledger; readonly now: Date; readonly isRepeat: boolean; readonly ranks: Ranks },
): Promise<Recorded[]> {
  const results = await claim(tx, drafts, options.ledger);
  const fresh = drafts.filter((_, i) => results[i]!.kind === "recorded");
  if (fresh.length < drafts.length) count(tx, drafts, results, options.now);
  if (fresh.length === 0) return results;
  if (!options.isRepeat) {
    tx.send(insertMissingEvents, toEventColumns(fresh));
    queue(tx, fresh, options.ranks);
    return results;
  }
  // An earlier try may have committed, and its deliveries may have been processed and left the hot table since: only an
  // event that is new now gets deliveries.
  const inserted = new Set((await tx.run(insertMissingEvents, toEventColumns(fresh))).rows.map((row) => row.id));
  if (inserted.size < fresh.length) tx.send(leaveRecord, []);
  queue(
    tx,
    fresh.filter((draft) => inserted.has(draft.id)),
    options.ranks,
  );
  return results;
}

async function claim(tx: Queryable, drafts: readonly EventDraft[], ledger: Ledger): Promise<Recorded[]> {
  const lines = linesOf(drafts);
  if (await writeLines(tx, lines, ledger)) return drafts.map((draft) => ({ kind: "recorded", eventId: draft.id }));
  let owners = await findOwners(tx, lines);
  let orphan = lines.find((line) => !owners.has(line.key));
  // Neither ours nor anybody's: the ledger has turned to another generation since this process last wrote.
  if (orphan !== undefined && (await ledger.refresh(tx, orphan.bucket))) {
    await writeLines(tx, lines, ledger);
    owners = await findOwners(tx, lines);
    orphan = lines.find((line) => !owners.has(line.key));
  }
  // Or it turned just now. Rolled back and repeated, never recorded without its line.
  if (orphan !== undefined) throw new Error("a ledger line vanished between two statements");
  const results = drafts.map((draft): Recorded => {
    const foreign = draft.keys
      .map((place) => owners.get(place.key))
      .find((owner) => owner !== undefined && owner !== draft.id);
    return foreign === undefined ? { kind: "recorded", eventId: draft.id } : { kind: "duplicate", eventId: foreign };
  });
  const losers = new Set(drafts.filter((_, i) => results[i]!.kind === "duplicate").map((draft) => draft.id));
  // While two generations take keys, a loser may have a line in the newer one although the owner stands in the older.
  const mayHideOne = generationsOf(ledger.step()).length > 1;
  const stray = lines.filter(
    (line) => losers.has(line.eventId) && (mayHideOne || owners.get(line.key) === line.eventId),
  );
  if (stray.length > 0) {
    await tx.run(releaseKeys, [
      stray.map((line) => line.bucket),
      stray.map((line) => line.key),
      stray.map((line) => line.eventId),
    ]);
  }
  return results;
}

/** @returns whether every line is new and ours */
async function writeLines(tx: Queryable, lines: readonly Line[], ledger: Ledger): Promise<boolean> {
  const step = ledger.step();
  const claimed = await tx.run(claimFreeKeys, toLineColumns(lines, step));
  return claimed.rowCount === lines.length * generationsOf(step).length;
}

async function findOwners(tx: Queryable, lines: readonly Line[]): Promise<Map<string, string>> {
  const found = await tx.run(findKeyOwners, [lines.map((line) => line.bucket), lines.map((line) => line.key)]);
  return new Map(found.rows.map((row) => [row.k, row.event_id]));
}

function queue(tx: Transaction, drafts: readonly EventDraft[], ranks: Ranks): void {
  const values = toDeliveryColumns(drafts, ranks);
  if (values !== null) tx.send(insertMissingDeliveries, values);
}

function count(tx: Transaction, drafts: readonly EventDraft[], results: readonly Recorded[], now: Date): void {
  const pack = createBytePack();
  const seen = new Map<string, { bucket: number; eventId: string; hashAt: number; count: number; tenant: string }>();
  for (const [i, draft] of drafts.entries()) {
    const result = results[i]!;
    if (result.kind === "recorded") continue;
    const known = seen.get(result.eventId);
    if (known !== undefined) known.count++;
    else
      seen.set(result.eventId, {
        bucket: bucketOf(result.eventId),
        eventId: result.eventId,
        hashAt: pack.add(draft.bodySha256).at,
        count: 1,
        tenant: draft.tenant,
      });
  }
  const rows = [...seen.values()];
  tx.send(countDuplicates, [
    rows.map((row) => row.bucket),
    rows.map((row) => row.eventId),
    pack.toBuffer(),
    rows.map((row) => row.hashAt),
    rows.map((row) => row.count),
    now.toISOString(),
    rows.map((row) => row.tenant),
  ]);
}
