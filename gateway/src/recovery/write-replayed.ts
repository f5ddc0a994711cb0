import { heldReasonOf } from "../domain/gate.ts";
import { bucketOf, uuidAfter } from "../domain/id.ts";
import type { ScanResult } from "../domain/replay-tally.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import type { EventDraft, OrderPlace, Recorded } from "../pipeline/record-event.ts";
import { recordEvents } from "../pipeline/record-event.ts";
import type { Clock } from "../platform/clock.ts";
import type { Transaction } from "../store/database.ts";
import { markManyRetried } from "../store/dead-letters/handle.ts";
import { insertItems, insertReplayed, pullScheduled } from "../store/replays/items.ts";
import type { ReplayRow } from "../store/replays/replay-row.ts";
import { linkRejections } from "../store/replays/scan-rejections.ts";
import type { Queryable } from "../store/statement.ts";
import { oldPlace } from "./old-place.ts";
import type { Move, PreparedEvent } from "./prepare-events.ts";
import type { PreparedRejection } from "./prepare-rejections.ts";
import { replayLane } from "./replay-lane.ts";

export interface WriteDeps {
  readonly clock: Clock;
  /** The database's time: what is queued goes by it, as the partition does that keeps it when it has ended. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly catalog: CatalogIndex;
  readonly ledger: Ledger;
  readonly ranks: Ranks;
}

/** A delivery that a replay has queued, or pulled forward. */
interface Item {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly destinationId: string;
  readonly key: string;
  readonly retryOf: string | null;
  readonly pulled: boolean;
  /** What keeps it in order with others, and its place there; null: nothing. */
  readonly order: OrderPlace | null;
}

/**
 * Writes what was chosen for a batch of events, inside the transaction that moves the cursor. What somebody else did in the
 * meantime is found by the marks and left alone, so that nothing is delivered twice.
 *
 * @returns what each event came to, in order
 */
export async function writeEvents(
  deps: WriteDeps,
  tx: Queryable,
  replay: ReplayRow,
  prepared: readonly PreparedEvent[],
): Promise<ScanResult[]> {
  const moves = prepared.flatMap((one) =>
    one.kind === "move" ? one.moves.map((move) => ({ eventId: one.id, move })) : [],
  );
  const retried = await followDead(deps, tx, replay, moves);
  const created = moves.flatMap(({ eventId, move }) => (move.do === "create" ? [createItem(deps, eventId, move)] : []));
  await queue(deps, tx, replay, [...retried, ...created]);
  const pulled = await pull(deps, tx, replay, moves);
  const items = [...retried, ...created, ...pulled];
  await note(tx, replay, items);
  const counts = new Map<string, number>();
  for (const { eventId } of items) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
  return prepared.map((one): ScanResult => {
    if (one.kind === "done") return one.result;
    const deliveries = counts.get(one.id) ?? 0;
    return deliveries === 0 ? { kind: "skipped" } : { kind: "replayed", deliveries, verifiedBy: one.verifiedBy };
  });
}

interface Wanted {
  readonly eventId: string;
  readonly move: Move;
}

async function followDead(
  deps: WriteDeps,
  tx: Queryable,
  replay: ReplayRow,
  moves: readonly Wanted[],
): Promise<Item[]> {
  const dead = moves.flatMap(({ move }) => (move.do === "retry" ? [move.of.id] : []));
  if (dead.length === 0) return [];
  const nowMs = deps.databaseNow().getTime();
  const successors = dead.map((id) => uuidAfter(id, nowMs, deps.random(8)));
  const marked = await tx.run(markManyRetried, [replay.tenant, dead.map(bucketOf), dead, successors, null]);
  return marked.rows.map((row) => ({
    deliveryId: row.retried_as,
    eventId: row.event_id,
    destinationId: row.destination_id,
    key: row.key,
    retryOf: row.id,
    pulled: false,
    order: oldPlace(row),
  }));
}

function createItem(deps: WriteDeps, eventId: string, move: Move): Item {
  const deliveryId = uuidAfter(eventId, deps.databaseNow().getTime(), deps.random(8));
  const { destinationId } = move;
  const order = move.do === "create" ? move.order : null;
  return { deliveryId, eventId, destinationId, key: deliveryId, retryOf: null, pulled: false, order };
}

async function queue(deps: WriteDeps, tx: Queryable, replay: ReplayRow, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  const held = items.map(({ destinationId, order }) => {
    const destination = deps.catalog.findDestination(destinationId);
    return destination === null ? null : heldReasonOf(destination, order?.key ?? null);
  });
  const lane = replayLane(replay.tenant);
  const inserted = await tx.run(insertReplayed, [
    items.map(({ deliveryId }) => bucketOf(deliveryId)),
    items.map(({ deliveryId }) => deliveryId),
    replay.tenant,
    items.map(({ eventId }) => eventId),
    items.map(({ destinationId }) => destinationId),
    items.map(({ key }) => key),
    replay.options.copyTo === null ? "replay" : "copy",
    items.map(({ retryOf }) => retryOf),
    replay.options.priority,
    lane,
    items.map(() => deps.ranks.next(replay.options.priority, lane)),
    held.map((reason) => (reason === null ? "ready" : "held")),
    held,
    items.map(({ order }) => order?.key ?? null),
    items.map(({ order }) => order?.at ?? null),
  ]);
  if (inserted.rowCount !== items.length) throw new Error("a delivery of a replay was not queued");
}

async function pull(deps: WriteDeps, tx: Queryable, replay: ReplayRow, moves: readonly Wanted[]): Promise<Item[]> {
  const waiting = moves.flatMap(({ eventId, move }) => (move.do === "pull" ? [{ eventId, of: move.of }] : []));
  if (waiting.length === 0) return [];
  const ids = waiting.map(({ of }) => of.id);
  const { priority } = replay.options;
  const lane = replayLane(replay.tenant);
  const ranks = ids.map(() => deps.ranks.next(priority, lane));
  const pulled = await tx.run(pullScheduled, [replay.tenant, ids.map(bucketOf), ids, ranks, priority]);
  const known = new Map(waiting.map((one) => [one.of.id, one]));
  return pulled.rows.map(({ id }) => {
    const { eventId, of } = known.get(id)!;
    return {
      deliveryId: id,
      eventId,
      destinationId: of.destinationId,
      key: of.key,
      retryOf: null,
      pulled: true,
      order: null,
    };
  });
}

async function note(tx: Queryable, replay: ReplayRow, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  const written = await tx.run(insertItems, [
    replay.id,
    items.map(({ deliveryId }) => bucketOf(deliveryId)),
    items.map(({ deliveryId }) => deliveryId),
    items.map(({ eventId }) => eventId),
    items.map(({ key }) => key),
    items.map(({ retryOf }) => retryOf),
    items.map(({ pulled }) => pulled),
  ]);
  if (written.rowCount !== items.length) throw new Error("an item of a replay was not written");
}

/**
 * Records the events that rejections have become, through the same ledger as a live arrival, and links each rejection to its
 * event. Of several rejections of one event the first records it; the others are its duplicates.
 */
export async function writeRejections(
  deps: WriteDeps,
  tx: Transaction,
  replay: ReplayRow,
  prepared: readonly PreparedRejection[],
): Promise<ScanResult[]> {
  const wanted = prepared.filter((one) => one.kind === "record");
  const drafts = firstOfEachKey(wanted.flatMap((one) => one.drafts));
  const options = { ledger: deps.ledger, ranks: deps.ranks, now: deps.clock.now(), isRepeat: false };
  const recorded = drafts.length === 0 ? [] : await recordEvents(tx, drafts, options);
  const byKey = new Map<string, Recorded>();
  for (const [i, draft] of drafts.entries()) for (const { key } of draft.keys) byKey.set(key, recorded[i]!);
  const recordedOf = (draft: EventDraft): Recorded => draft.keys.map(({ key }) => byKey.get(key)).find(Boolean)!;
  const isFresh = (draft: EventDraft): boolean => {
    const found = recordedOf(draft);
    return found.kind === "recorded" && found.eventId === draft.id;
  };
  if (wanted.length > 0)
    await tx.run(linkRejections, [
      wanted.map(({ bucket }) => bucket),
      wanted.map(({ id }) => id),
      wanted.map((one) => recordedOf(one.drafts[0]!).eventId),
      replay.id,
    ]);
  const fresh = drafts.filter(isFresh);
  await note(tx, replay, fresh.flatMap(toItems));
  return prepared.map((one): ScanResult => {
    if (one.kind === "done") return one.result;
    const own = one.drafts.filter(isFresh);
    const deliveries = own.reduce((sum, draft) => sum + draft.deliveries.length, 0);
    return own.length === 0 ? { kind: "skipped" } : { kind: "replayed", deliveries, verifiedBy: one.verifiedBy };
  });
}

function toItems(draft: EventDraft): Item[] {
  return draft.deliveries.map(({ id, destinationId }) => {
    return { deliveryId: id, eventId: draft.id, destinationId, key: id, retryOf: null, pulled: false, order: null };
  });
}

// No two drafts of a batch may share a key.
function firstOfEachKey(drafts: readonly EventDraft[]): EventDraft[] {
  const seen = new Set<string>();
  return drafts.filter(({ keys }) => {
    const isNew = !keys.some(({ key }) => seen.has(key));
    for (const { key } of keys) if (isNew) seen.add(key);
    return isNew;
  });
}
