import type { ReplayOptions, ReplayScope } from "../domain/replay-scope.ts";
import { wantsType } from "../domain/replay-scope.ts";
import { newUuid } from "../domain/id.ts";
import type { ScanResult, VerifiedBy } from "../domain/replay-tally.ts";
import { BODY_DAMAGED } from "../domain/replay-tally.ts";
import { mayBeForgotten } from "../domain/reconciliation.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import { draftEvents } from "../pipeline/draft-items.ts";
import type { EventDraft } from "../pipeline/record-event.ts";
import type { KeyedDeps } from "../pipeline/verify-with-keys.ts";
import { findKeyOwners } from "../store/events/find-key-owners.ts";
import { findKeysSince } from "../store/events/find-keys-since.ts";
import type { ScannedRejection } from "../store/replays/scan-rejections.ts";
import { findRejectionCeiling, readRejectionBytes, scanRejections } from "../store/replays/scan-rejections.ts";
import type { Queryable } from "../store/statement.ts";
import type { ScanPlace, Window } from "./prepare-events.ts";
import { orNull, readySource, withinBytes } from "./prepare-events.ts";
import { replayLane } from "./replay-lane.ts";
import { toArrival, verifyStoredRejection } from "./verify-stored.ts";

/** One scanned rejection: the events that it is to become (one, but for batches), or what it came to without. */
export type PreparedRejection =
  | {
      readonly kind: "record";
      readonly id: string;
      readonly bucket: number;
      readonly drafts: readonly EventDraft[];
      readonly verifiedBy: VerifiedBy;
    }
  | { readonly kind: "done"; readonly id: string; readonly result: ScanResult };

const PAGE_ROWS = 100;
const WINDOW_ROWS = 5_000;

/** Reads the rejections that come next. @param pageRows at most so many */
export async function readRejectionWindow(
  db: Queryable,
  place: ScanPlace,
  pageRows = PAGE_ROWS,
): Promise<Window<ScannedRejection>> {
  const { tenant, scope, cursorId, untilId } = place;
  const ceiling = (await db.run(findRejectionCeiling, [tenant, cursorId, untilId, WINDOW_ROWS])).rows[0]?.id ?? null;
  const upTo = ceiling ?? untilId;
  const filters = [orNull(scope.sourceIds), orNull(scope.ids), orNull(scope.reasons)];
  const found = (await db.run(scanRejections, [tenant, cursorId, upTo, ...filters, pageRows])).rows;
  const rows = withinBytes(found);
  const isWhole = rows.length === found.length && found.length < pageRows;
  return { rows, cursor: isWhole ? upTo : rows.at(-1)!.id, isLast: isWhole && ceiling === null };
}

export interface RejectionDeps extends KeyedDeps {
  readonly db: Queryable;
  readonly catalog: CatalogIndex;
  /** The database's time: what is queued goes by it, as the partition does that keeps it when it has ended. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
}

/** Verifies rejected arrivals again and drafts the events of those that are genuine by what is configured now. */
export async function prepareRejections(
  deps: RejectionDeps,
  tenant: string,
  rejections: readonly ScannedRejection[],
  wish: { readonly scope: ReplayScope; readonly options: ReplayOptions },
): Promise<PreparedRejection[]> {
  const keysSince = await findKeysSince(deps.db);
  // The provider's next try may have been accepted then, and nothing here would know it any more.
  const isForgotten = ({ received_at: at }: ScannedRejection) => mayBeForgotten(at, keysSince);
  const open = rejections.filter((row) => row.intact && row.event_id === null && !isForgotten(row));
  const bytes = new Map(
    open.length === 0
      ? []
      : (
          await deps.db.run(readRejectionBytes, [tenant, open.map(({ bucket }) => bucket), open.map(({ id }) => id)])
        ).rows.map((row) => [row.id, row]),
  );
  const prepared: PreparedRejection[] = [];
  for (const row of rejections) {
    const { id, bucket } = row;
    if (row.event_id !== null) prepared.push({ kind: "done", id, result: { kind: "skipped" } });
    else if (!row.intact) prepared.push(refused(id, BODY_DAMAGED));
    else if (isForgotten(row)) prepared.push(refused(id, "key_forgotten"));
    else {
      const made = await prepare(deps, row, bytes.get(id), wish);
      prepared.push(
        made.ok ? { kind: "record", id, bucket, drafts: made.drafts, verifiedBy: made.by } : refused(id, made.reason),
      );
    }
  }
  return prepared;
}

/**
 * What a run would make of them: an event that the ledger knows, and one that an earlier rejection becomes, is skipped.
 *
 * @param keys what earlier ones take; these add theirs
 */
export async function withoutKnown(
  db: Queryable,
  prepared: readonly PreparedRejection[],
  keys: Set<string>,
): Promise<PreparedRejection[]> {
  const places = prepared.flatMap((one) => (one.kind === "record" ? one.drafts.flatMap((draft) => draft.keys) : []));
  if (places.length === 0) return [...prepared];
  const found = await db.run(findKeyOwners, [places.map(({ bucket }) => bucket), places.map(({ key }) => key)]);
  const known = new Set(found.rows.map(({ k }) => k));
  return prepared.map((one): PreparedRejection => {
    if (one.kind === "done") return one;
    const drafts = one.drafts.filter((draft) => {
      if (draft.keys.some(({ key }) => known.has(key) || keys.has(key))) return false;
      for (const { key } of draft.keys) keys.add(key);
      return true;
    });
    return drafts.length === 0 ? { kind: "done", id: one.id, result: { kind: "skipped" } } : { ...one, drafts };
  });
}

function refused(id: string, reason: string): PreparedRejection {
  return { kind: "done", id, result: { kind: "not_replayed", reason } };
}

async function prepare(
  deps: RejectionDeps,
  row: ScannedRejection,
  bytes: { readonly headers: Buffer; readonly body: Buffer } | undefined,
  { scope, options }: { readonly scope: ReplayScope; readonly options: ReplayOptions },
): Promise<
  | { readonly ok: true; readonly drafts: readonly EventDraft[]; readonly by: VerifiedBy }
  | { readonly ok: false; readonly reason: string }
> {
  const ready = readySource(deps.catalog, row.source_id);
  if (ready === null) return { ok: false, reason: "source_gone" };
  if (bytes === undefined) return { ok: false, reason: "event_gone" };
  const stored = {
    method: row.method,
    url: row.url,
    remoteAddress: row.remote_address,
    receivedAt: row.received_at,
    ...bytes,
  };
  const verified = await verifyStoredRejection(deps, ready, stored);
  if (!verified.ok) return verified;
  if (!wantsType(scope, verified.verdict.eventType)) return { ok: false, reason: "not_selected" };
  const drafts = draftEvents(deps, ready, toArrival(stored)!, verified.verdict);
  return { ok: true, by: verified.by, drafts: drafts.map((draft) => asReplay(deps, draft, options)) };
}

/**
 * The event keeps the time of its receipt, and its deliveries begin now, in the lane of replays. So do the ids of all: rejections
 * may be kept for longer than events, and then the day of the receipt has no partition any more.
 */
function asReplay(deps: RejectionDeps, draft: EventDraft, options: ReplayOptions): EventDraft {
  const nowMs = deps.databaseNow().getTime();
  const lane = replayLane(draft.tenant);
  const deliveries = draft.deliveries.map((delivery) => ({
    ...delivery,
    id: newUuid(nowMs, draft.bucket, deps.random(8)),
    trigger: "replay" as const,
    priority: options.priority,
    lane,
    laneWeight: 1,
  }));
  return { ...draft, id: newUuid(nowMs, draft.bucket, deps.random(8)), deliveries };
}
