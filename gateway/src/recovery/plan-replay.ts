import type { GateReason, HeldReason } from "../domain/gate.ts";
import { heldReasonOf } from "../domain/gate.ts";
import { lowestUuid, newUuid } from "../domain/id.ts";
import type { ReplayOptions, ReplayScope, ReplaySubject } from "../domain/replay-scope.ts";
import type { ReplayTally, ScanResult } from "../domain/replay-tally.ts";
import { addResults, EMPTY_TALLY } from "../domain/replay-tally.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { KeyedDeps } from "../pipeline/verify-with-keys.ts";
import type { Database } from "../store/database.ts";
import type { ReplayRow } from "../store/replays/replay-row.ts";
import { insertReplay } from "../store/replays/write-replays.ts";
import type { Queryable } from "../store/statement.ts";
import type { Viewed } from "../store/views/read-view.ts";
import { readView } from "../store/views/read-view.ts";
import type { HeldThere, ScanPlace } from "./prepare-events.ts";
import { prepareEvents, readEventWindow } from "./prepare-events.ts";
import { prepareRejections, readRejectionWindow, withoutKnown } from "./prepare-rejections.ts";

export interface PlanDeps extends KeyedDeps {
  readonly db: Database;
  readonly catalog: CatalogIndex;
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
}

export interface PlanWish {
  readonly subject: ReplaySubject;
  readonly scope: ReplayScope;
  readonly options: ReplayOptions;
}

/** What a run would do, counted by doing all of it but the writing. */
export interface ReplayPlan {
  readonly scanned: number;
  readonly wouldReplay: number;
  readonly wouldSkip: number;
  readonly notReplayed: Readonly<Record<string, number>>;
  readonly deliveries: number;
  /** Deliveries by destination (UUID). */
  readonly byDestination: Readonly<Record<string, number>>;
  /** Deliveries of the scope that are under way by themselves and held, by destination (UUID) and reason: no replay moves them. */
  readonly held?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What would hold deliveries of the run as soon as they are queued, by destination (UUID). */
  readonly holding?: Readonly<Record<string, Holding>>;
  readonly verified: ReplayTally["verified"];
  readonly bodyBytes: number;
  /** False: there is more than a plan looks at; the numbers are of the oldest part. */
  readonly complete: boolean;
  /** How long the queueing takes at the rate of the options. */
  readonly estimatedSec: number;
}

/** Why a destination takes nothing, or not at once. `gate`: what a `destination_gated` one waits for. */
export interface Holding {
  readonly reason: HeldReason;
  readonly gate: GateReason | null;
}

/** A plan looks at so many arrivals at most. */
const PLANNED_MAX = 10_000;
const LOOK_MS = 4_000;
/** A rejected request may be a batch of thousands; each key takes 0.1 KiB. */
const KEYS_MAX = 100_000;

/**
 * Plans a replay: goes over the scope as the run would, verification included, writes nothing but the plan, and gives it a
 * token without which nothing runs.
 */
export async function planReplay(
  deps: PlanDeps,
  tenant: string,
  by: string,
  wish: PlanWish,
): Promise<Viewed<ReplayRow>> {
  const now = deps.clock.now();
  // Of what arrives from here on nothing is undone yet, so a run never runs into the present.
  const untilMs = Math.min(wish.scope.untilMs, now.getTime() + 1);
  const scope = { ...wish.scope, untilMs };
  const place = { tenant, scope, cursorId: lowestUuid(scope.sinceMs), untilId: lowestUuid(untilMs) };
  const counted = await countAhead(deps, place, { ...wish, scope });
  if (!counted.ok) return counted;
  const row = (
    await deps.db.run(insertReplay, [
      newUuid(now.getTime(), 0, deps.random(8)),
      tenant,
      `plan_${Buffer.from(deps.random(18)).toString("base64url")}`,
      wish.subject,
      JSON.stringify(scope),
      JSON.stringify(wish.options),
      JSON.stringify(counted.value),
      JSON.stringify(EMPTY_TALLY),
      place.untilId,
      place.cursorId,
      now,
      by,
    ])
  ).rows[0];
  if (row === undefined) throw new Error("a plan was not stored");
  return { ok: true, value: row };
}

async function countAhead(deps: PlanDeps, from: ScanPlace, wish: PlanWish): Promise<Viewed<ReplayPlan>> {
  const endMs = deps.clock.monotonicMs() + LOOK_MS;
  const byDestination: Record<string, number> = {};
  const held: Record<string, Record<string, number>> = {};
  let { cursorId } = from;
  let tally = EMPTY_TALLY;
  let bodyBytes = 0;
  let isLast = false;
  const keys = new Set<string>();
  while (!isLast && tally.scanned < PLANNED_MAX && keys.size < KEYS_MAX && deps.clock.monotonicMs() < endMs) {
    const read = await readView(deps.db, (tx) => lookAhead(deps, tx, { ...from, cursorId }, { ...wish, keys }));
    if (!read.ok) return read;
    const page = read.value;
    tally = addResults(tally, page.results);
    bodyBytes += page.bodyBytes;
    for (const id of page.destinationIds) byDestination[id] = (byDestination[id] ?? 0) + 1;
    for (const { destinationId: id, reason } of page.held) {
      const reasons = (held[id] ??= {});
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    ({ cursor: cursorId, isLast } = page);
  }
  const value = {
    scanned: tally.scanned,
    wouldReplay: tally.replayed,
    wouldSkip: tally.skipped,
    notReplayed: tally.notReplayed,
    deliveries: tally.deliveries,
    byDestination,
    held,
    holding: findHolding(deps.catalog, Object.keys(byDestination)),
    verified: tally.verified,
    bodyBytes,
    complete: isLast,
    estimatedSec: Math.ceil(tally.deliveries / wish.options.ratePerSec),
  };
  return { ok: true, value };
}

function findHolding(catalog: CatalogIndex, destinationIds: readonly string[]): Record<string, Holding> {
  const found = destinationIds.flatMap((id): [string, Holding][] => {
    const destination = catalog.findDestination(id);
    const reason = destination === null ? null : heldReasonOf(destination, null);
    if (reason === null) return [];
    return [[id, { reason, gate: reason === "destination_gated" ? (destination?.gate?.reason ?? null) : null }]];
  });
  return Object.fromEntries(found);
}

interface Page {
  readonly results: readonly ScanResult[];
  readonly destinationIds: readonly string[];
  readonly held: readonly HeldThere[];
  readonly bodyBytes: number;
  readonly cursor: string;
  readonly isLast: boolean;
}

interface LookWish extends PlanWish {
  /** The ledger keys of what the plan has made events of so far. */
  readonly keys: Set<string>;
}

async function lookAhead(deps: PlanDeps, tx: Queryable, place: ScanPlace, wish: LookWish): Promise<Page> {
  if (wish.subject === "rejections") return lookAtRejections(deps, tx, place, wish);
  const { rows, cursor, isLast } = await readEventWindow(tx, place);
  const prepared = await prepareEvents({ ...deps, db: tx }, place.tenant, rows, wish);
  const moved = new Set(prepared.flatMap((one) => (one.kind === "move" ? [one.id] : [])));
  return {
    results: prepared.map((one) =>
      one.kind === "done" ? one.result : { kind: "replayed", deliveries: one.moves.length, verifiedBy: one.verifiedBy },
    ),
    destinationIds: prepared.flatMap((one) => (one.kind === "move" ? one.moves.map((move) => move.destinationId) : [])),
    held: prepared.flatMap((one) => one.held),
    bodyBytes: rows.reduce((sum, row) => sum + (moved.has(row.id) ? row.body_bytes : 0), 0),
    cursor,
    isLast,
  };
}

async function lookAtRejections(deps: PlanDeps, tx: Queryable, place: ScanPlace, wish: LookWish): Promise<Page> {
  const { rows, cursor, isLast } = await readRejectionWindow(tx, place);
  const verified = await prepareRejections({ ...deps, db: tx }, place.tenant, rows, wish);
  const prepared = await withoutKnown(tx, verified, wish.keys);
  const bytes = new Map(rows.map((row) => [row.id, row.body_bytes]));
  const drafts = prepared.filter((one) => one.kind === "record");
  return {
    results: prepared.map((one) =>
      one.kind === "done"
        ? one.result
        : {
            kind: "replayed",
            deliveries: one.drafts.flatMap((draft) => draft.deliveries).length,
            verifiedBy: one.verifiedBy,
          },
    ),
    destinationIds: drafts.flatMap((one) =>
      one.drafts.flatMap(({ deliveries }) => deliveries.map(({ destinationId }) => destinationId)),
    ),
    held: [],
    bodyBytes: drafts.reduce((sum, { id }) => sum + (bytes.get(id) ?? 0), 0),
    cursor,
    isLast,
  };
}
