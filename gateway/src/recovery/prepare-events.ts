import { bucketOf, lowestUuid, timeOf } from "../domain/id.ts";
import { matchesEventType } from "../domain/event-type.ts";
import type { Choice, PairStanding } from "../domain/replay-choice.ts";
import { choose, standingsOf } from "../domain/replay-choice.ts";
import type { ReplayOptions, ReplayScope } from "../domain/replay-scope.ts";
import { wantsType } from "../domain/replay-scope.ts";
import type { ScanResult, VerifiedBy } from "../domain/replay-tally.ts";
import { BODY_DAMAGED } from "../domain/replay-tally.ts";
import type { ReadySource } from "../pipeline/arrival.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import { draftEvent } from "../pipeline/draft-event.ts";
import type { OrderPlace } from "../pipeline/record-event.ts";
import type { KeyedDeps } from "../pipeline/verify-with-keys.ts";
import type { ScannedEvent } from "../store/replays/scan-events.ts";
import { findEventCeiling, listPairs, readEventBytes, scanEvents } from "../store/replays/scan-events.ts";
import type { Queryable } from "../store/statement.ts";
import { oldPlace } from "./old-place.ts";
import type { StoredArrival, StoredVerification } from "./verify-stored.ts";
import { toArrival, verifyStoredEvent } from "./verify-stored.ts";

export interface PrepareDeps extends KeyedDeps {
  readonly db: Queryable;
  readonly catalog: CatalogIndex;
  readonly random: (bytes: number) => Uint8Array;
}

/** What moves a delivery; the other choices leave it where it is. */
export type Move =
  | Exclude<Choice, { readonly do: "skip" | "leave" | "create" }>
  /** What keeps the new delivery in order: what kept the one before, in its place, or what its route says; null: nothing. */
  | (Extract<Choice, { readonly do: "create" }> & { readonly order: OrderPlace | null });

/** A delivery that is under way by itself and waits, with its reason (`destination_paused`, `destination_gated` …). */
export interface HeldThere {
  readonly destinationId: string;
  readonly reason: string;
}

/** One scanned event: what is to be done for it, or what it came to without; and which of its deliveries are held. */
export type PreparedEvent = { readonly id: string; readonly held: readonly HeldThere[] } & (
  | { readonly kind: "move"; readonly moves: readonly Move[]; readonly verifiedBy: VerifiedBy }
  | { readonly kind: "done"; readonly result: ScanResult }
);

export interface Window<T> {
  readonly rows: readonly T[];
  /** Where the next window begins when all rows of this one are dealt with. */
  readonly cursor: string;
  readonly isLast: boolean;
}

export interface ScanPlace {
  readonly tenant: string;
  readonly scope: ReplayScope;
  readonly cursorId: string;
  readonly untilId: string;
}

const PAGE_ROWS = 200;
const PAGE_BYTES = 16 * 1_048_576;
/** Rows that one look may pass over. */
const WINDOW_ROWS = 5_000;

/** Reads the events that come next, those of types that are not wanted left out. @param pageRows at most so many */
export async function readEventWindow(
  db: Queryable,
  place: ScanPlace,
  pageRows = PAGE_ROWS,
): Promise<Window<ScannedEvent>> {
  const { tenant, scope, cursorId, untilId } = place;
  const ceiling = (await db.run(findEventCeiling, [tenant, cursorId, untilId, WINDOW_ROWS])).rows[0]?.id ?? null;
  const upTo = ceiling ?? untilId;
  const found = (
    await db.run(scanEvents, [tenant, cursorId, upTo, orNull(scope.sourceIds), orNull(scope.ids), pageRows])
  ).rows;
  const rows = withinBytes(found);
  const isWhole = rows.length === found.length && found.length < pageRows;
  return {
    rows: rows.filter((row) => wantsType(scope, row.event_type)),
    cursor: isWhole ? upTo : rows.at(-1)!.id,
    isLast: isWhole && ceiling === null,
  };
}

/** As many rows as their bodies may be held at once; one at least. */
export function withinBytes<T extends { readonly body_bytes: number }>(rows: readonly T[]): T[] {
  let bytes = 0;
  return rows.filter((row, i) => {
    bytes += row.body_bytes;
    return i === 0 || bytes <= PAGE_BYTES;
  });
}

export function orNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/**
 * Chooses for each event what is to be done and verifies those for which something is. Outside of any transaction: a key may
 * have to be fetched.
 */
export async function prepareEvents(
  deps: PrepareDeps,
  tenant: string,
  events: readonly ScannedEvent[],
  wish: { readonly scope: ReplayScope; readonly options: ReplayOptions },
): Promise<PreparedEvent[]> {
  if (events.length === 0) return [];
  const chosen = await chooseMoves(deps, tenant, events, wish);
  const open = chosen.filter(({ moves, event }) => moves.length > 0 && event.intact).map(({ event }) => event);
  const bytes = new Map(
    open.length === 0
      ? []
      : (
          await deps.db.run(readEventBytes, [tenant, open.map(({ bucket }) => bucket), open.map(({ id }) => id)])
        ).rows.map((row) => [row.id, row]),
  );
  const prepared: PreparedEvent[] = [];
  for (const { event, moves, held, idle } of chosen) {
    const found = bytes.get(event.id) ?? null;
    prepared.push({ id: event.id, held, ...(await judge(deps, { event, moves, idle, found }, wish.options)) });
  }
  return prepared;
}

type Judged =
  | { readonly kind: "move"; readonly moves: readonly Move[]; readonly verifiedBy: VerifiedBy }
  | { readonly kind: "done"; readonly result: ScanResult };

interface Open extends Pick<Chosen, "event" | "moves" | "idle"> {
  readonly found: StoredBytes | null;
}

type StoredBytes = Pick<StoredArrival, "headers" | "body">;
type Verdict = Parameters<typeof draftEvent>[2];

async function judge(deps: PrepareDeps, { event, moves, idle, found }: Open, options: ReplayOptions): Promise<Judged> {
  if (!event.intact) return notReplayed(BODY_DAMAGED);
  if (moves.length === 0) return { kind: "done", result: idle };
  if (found === null) return notReplayed("event_gone");
  const ready = readySource(deps.catalog, event.source_id);
  const verified = await verifyEvent(deps, event, ready, found);
  if (!verified.ok && !options.trustRecorded) return notReplayed(verified.reason);
  const [verdict, by] = verified.ok ? [verified.verdict, verified.by] : [null, "recorded_verdict" as const];
  const isNew = options.copyTo === null && moves.some((move) => move.do === "create" && move.isFirst);
  if (!isNew || ready === null) return { kind: "move", moves, verifiedBy: by };
  return moveMeant(moves, by, meantFor(deps, event, { ready, found, verdict: verdict ?? asRecorded(event) }));
}

/** What was never sent is sent where the routes mean it, their filters included, in their order; a copy goes where it was asked to. */
function moveMeant(
  moves: readonly Move[],
  verifiedBy: VerifiedBy,
  meant: ReadonlyMap<string, OrderPlace | null>,
): Judged {
  const kept = moves.flatMap((move) => {
    if (move.do !== "create" || !move.isFirst) return [move];
    const order = meant.get(move.destinationId);
    return order === undefined ? [] : [{ ...move, order }];
  });
  return kept.length === 0 ? notReplayed("missing") : { kind: "move", moves: kept, verifiedBy };
}

function notReplayed(reason: string): Judged {
  return { kind: "done", result: { kind: "not_replayed", reason } };
}

async function verifyEvent(
  deps: PrepareDeps,
  event: ScannedEvent,
  ready: ReadySource | null,
  found: StoredBytes,
): Promise<StoredVerification> {
  if (ready === null) return { ok: false, reason: "source_gone" };
  return verifyStoredEvent(deps, ready, toStored(event, found), {
    verifiedBy: event.verified_by,
    secretVersion: event.secret_version,
    eventKey: event.event_key,
  });
}

function toStored(event: ScannedEvent, { headers, body }: StoredBytes): StoredArrival {
  const { method, url, remote_address: remoteAddress, received_at: receivedAt } = event;
  return { method, url, remoteAddress, receivedAt, headers, body };
}

/** What was said of an event when it was recorded, for one that cannot be verified again. */
function asRecorded(event: ScannedEvent): Verdict {
  return {
    ok: true,
    eventId: event.provider_event_id,
    eventKey: event.event_key,
    contentKey: null,
    eventType: event.event_type,
    occurredAt: event.occurred_at,
    payloadVersion: null,
    secretVersion: event.secret_version,
    signedAt: null,
  };
}

/** Where the routes of today mean an event to go, and in what order. */
function meantFor(
  { random }: PrepareDeps,
  event: ScannedEvent,
  { ready, found, verdict }: { readonly ready: ReadySource; readonly found: StoredBytes; readonly verdict: Verdict },
): ReadonlyMap<string, OrderPlace | null> {
  const stored = toStored(event, found);
  const arrival = toArrival(stored) ?? { ...stored, headers: [] };
  const { received_at: receivedAt, occurred_at: occurredAt, verified_by: verifiedBy } = event;
  // As when it was recorded: a log tells many at once, and their order is the provider's own.
  const ownMs = verifiedBy === "provider_api" ? (occurredAt?.getTime() ?? Infinity) : Infinity;
  const at = Math.min(receivedAt.getTime(), ownMs) * 1_000;
  const { deliveries } = draftEvent(ready, arrival, verdict, random, undefined, () => at);
  return new Map(deliveries.map((one) => [one.destinationId, one.order ?? null]));
}

/** A source as the door has it; null when it is no longer in the catalog. */
export function readySource(catalog: CatalogIndex, sourceId: string): ReadySource | null {
  const source = catalog.findSourceById(sourceId);
  return source === null ? null : catalog.findSource(source.key);
}

interface Chosen {
  readonly event: ScannedEvent;
  readonly moves: readonly Move[];
  readonly held: readonly HeldThere[];
  /** What the event comes to when there is nothing to do for it. */
  readonly idle: ScanResult;
}

async function chooseMoves(
  deps: { readonly db: Queryable; readonly catalog: CatalogIndex },
  tenant: string,
  events: readonly ScannedEvent[],
  { scope, options }: { readonly scope: ReplayScope; readonly options: ReplayOptions },
): Promise<Chosen[]> {
  const ids = events.map(({ id }) => id);
  const floor = lowestUuid(Math.min(...ids.map(timeOf)));
  const rows = (await deps.db.run(listPairs, [tenant, ids.map(bucketOf), ids, floor])).rows;
  return events.map((event): Chosen => {
    const own = rows
      .filter((row) => row.event_id === event.id)
      .map((row) => ({
        id: row.id,
        destinationId: row.destination_id,
        key: row.key,
        state: row.state,
        trigger: row.trigger,
        retriedAs: row.retried_as,
        isDismissed: row.dismissed,
      }));
    const standings = standingsOf(own, routedTo(deps.catalog, event), scope, options.copyTo);
    const choices = standings.map((standing) => choose(standing, scope, options));
    const rowOf = ({ delivery }: PairStanding) => rows.find(({ id }) => id === delivery?.id);
    const moves = choices.flatMap((choice, i): Move[] => {
      if (choice.do === "skip" || choice.do === "leave") return [];
      if (choice.do !== "create") return [choice];
      // A copy is no part of anybody's order.
      const before = options.copyTo === null ? rowOf(standings[i]!) : undefined;
      return [{ ...choice, order: before === undefined ? null : oldPlace(before) }];
    });
    const held = standings.flatMap((standing) => {
      const reason = rowOf(standing)?.held_reason ?? null;
      return reason === null ? [] : [{ destinationId: standing.destinationId, reason }];
    });
    return { event, moves, held, idle: idleResult(choices) };
  });
}

function idleResult(choices: readonly Choice[]): ScanResult {
  if (choices.some((choice) => choice.do === "skip")) return { kind: "skipped" };
  const left = choices.find((choice) => choice.do === "leave");
  return { kind: "not_replayed", reason: left?.do === "leave" ? left.why : "not_selected" };
}

function routedTo(catalog: CatalogIndex, event: ScannedEvent): string[] {
  const routes = readySource(catalog, event.source_id)?.routes ?? [];
  return routes
    .filter((route) => matchesEventType(route.eventTypes, event.event_type))
    .map(({ destinationId }) => destinationId);
}
