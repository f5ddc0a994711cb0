import type { Destination } from "../domain/catalog.ts";
import type { DeadFacts } from "../domain/dead-cause.ts";
import type { DeadFilter } from "../domain/dead-filter.ts";
import { UNDO_MS } from "../domain/dead-filter.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import { heldReasonOf } from "../domain/gate.ts";
import { retryLane } from "../domain/lane.ts";
import { bucketOf, newUuid, uuidAfter } from "../domain/id.ts";
import type { Clock } from "../platform/clock.ts";
import type { Committed, Database } from "../store/database.ts";
import {
  dismissMany,
  listHandled,
  markManyRetried,
  reopenMany,
  restoreMany,
  withdrawUntried,
} from "../store/dead-letters/handle.ts";
import { findHandlings, insertHandling, markUndone } from "../store/dead-letters/handlings.ts";
import { insertSuccessors } from "../store/deliveries/insert-successors.ts";
import { withdrawItems } from "../store/replays/items.ts";
import type { Queryable } from "../store/statement.ts";
import { findDead } from "./find-dead.ts";
import { oldPlace } from "./old-place.ts";

export interface HandleDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The database's time: what is queued goes by it, as the partition does that keeps it when it has ended. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly ranks: Ranks;
  readonly findDestination: (id: string) => Destination | null;
}

/** Who wants what done with which dead letters; `expected` is the count that they were shown. */
export interface HandleWish {
  readonly tenant: string;
  readonly by: string;
  readonly filter: DeadFilter;
  /** What the filter is, in the caller's words, for the record. */
  readonly shownFilter: unknown;
  readonly expected: number;
}

export type Handled =
  | { readonly kind: "handled"; readonly handlingId: string; readonly count: number; readonly ready: number }
  /** Not the number that was expected: nothing was done. */
  | { readonly kind: "differs"; readonly count: number }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

const DEADLINE_MS = 20_000;

/** Retries every dead letter that fits, each as a new delivery with the same key, in one transaction that can be undone. */
export function retryMany(deps: HandleDeps, wish: HandleWish): Promise<Handled> {
  return handle(deps, wish, "retry", null, async (tx, letters, handlingId) => {
    const nowMs = deps.databaseNow().getTime();
    const open = letters.filter(
      ({ destinationId, sourceId }) => sourceId !== null && deps.findDestination(destinationId) !== null,
    );
    const ids = open.map(({ id }) => id);
    const successors = ids.map((id) => uuidAfter(id, nowMs, deps.random(8)));
    const marked = (await tx.run(markManyRetried, [wish.tenant, ids.map(bucketOf), ids, successors, handlingId])).rows;
    const held = marked.map((row) => heldReasonOf(deps.findDestination(row.destination_id)!, row.order_key));
    const inserted = await tx.run(insertSuccessors, [
      marked.map(({ bucket }) => bucket),
      marked.map((row) => row.retried_as),
      wish.tenant,
      marked.map((row) => row.event_id),
      marked.map((row) => row.destination_id),
      marked.map(({ key }) => key),
      marked.map(({ id }) => id),
      marked.map(({ priority }) => priority),
      marked.map(({ lane }) => lane),
      marked.map(({ priority, lane }) => deps.ranks.next(priority, retryLane(lane))),
      held.map((reason) => (reason === null ? "ready" : "held")),
      held,
      marked.map((row) => row.order_key),
      marked.map((row) => oldPlace(row)?.at ?? null),
      marked.map(({ trigger }) => trigger),
    ]);
    if (inserted.rowCount !== marked.length) throw new Error("a retry of many was not queued");
    return { count: marked.length, ready: held.filter((reason) => reason === null).length };
  });
}

/** Takes dead letters out of the list, with the reason why nothing is to be done for them. Nothing is deleted. */
export function dismiss(deps: HandleDeps, wish: HandleWish, reason: string): Promise<Handled> {
  return handle(deps, wish, "dismiss", reason, async (tx, letters, handlingId) => {
    const ids = letters.map(({ id }) => id);
    const done = await tx.run(dismissMany, [wish.tenant, ids.map(bucketOf), ids, handlingId, deps.clock.now()]);
    return { count: done.rows.length, ready: 0 };
  });
}

async function handle(
  deps: HandleDeps,
  wish: HandleWish,
  kind: "retry" | "dismiss",
  reason: string | null,
  act: (
    tx: Queryable,
    letters: readonly DeadFacts[],
    handlingId: string,
  ) => Promise<{ readonly count: number; readonly ready: number }>,
): Promise<Handled> {
  const now = deps.clock.now();
  const id = newUuid(now.getTime(), 0, deps.random(8));
  const done = await deps.db.transaction(async (tx): Promise<Handled> => {
    const { letters } = await findDead(tx, wish.tenant, wish.filter);
    if (letters.length !== wish.expected) return { kind: "differs", count: letters.length };
    if (letters.length === 0) return { kind: "handled", handlingId: id, count: 0, ready: 0 };
    const { count, ready } = await act(tx, letters, id);
    // Others may have handled some of them at this very moment.
    if (count > 0) {
      const filter = JSON.stringify(wish.shownFilter);
      await tx.run(insertHandling, [id, wish.tenant, kind, reason, filter, count, now, wish.by]);
    }
    return { kind: "handled", handlingId: id, count, ready };
  }, DEADLINE_MS);
  return orFailed(done);
}

function orFailed<T>(
  done: Committed<T>,
): T | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string } {
  return done.ok ? done.value : { kind: "failed", unknown: done.unknown, message: done.message };
}

export type Restored =
  | {
      readonly kind: "restored";
      readonly count: number;
      /** Retries that were tried already: what is delivered cannot be undone. */
      readonly tooLate: number;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "expired"; readonly handledAt: Date }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

const RESTORED_MAX = 10_001;

/**
 * Undoes what was done with dead letters, for seven days: opens dismissed ones again, and takes back retries that nobody has
 * tried yet.
 *
 * @param what a whole handling, or single deliveries (UUIDs)
 */
export async function restore(
  deps: { readonly db: Database; readonly clock: Clock },
  tenant: string,
  by: string,
  what: { readonly handlingId: string } | { readonly ids: readonly string[] },
): Promise<Restored> {
  const now = deps.clock.now();
  const done = await deps.db.transaction(async (tx): Promise<Restored> => {
    const handlingId = "handlingId" in what ? what.handlingId : null;
    const ids = "ids" in what ? what.ids : [];
    const rows = (await tx.run(listHandled, [tenant, handlingId, ids.map(bucketOf), ids, RESTORED_MAX])).rows;
    const wanted = rows.filter((row) => row.dismissed_at !== null || row.retried_as !== null);
    if (wanted.length === 0) return { kind: "missing" };
    const known = [...new Set(wanted.flatMap((row) => (row.handling === null ? [] : [row.handling])))];
    const handlings = (await tx.run(findHandlings, [tenant, known])).rows;
    const old = handlings.find((one) => now.getTime() - one.handled_at.getTime() > UNDO_MS);
    if (old !== undefined) return { kind: "expired", handledAt: old.handled_at };
    const count = await undo(tx, tenant, wanted);
    if (handlingId !== null) await tx.run(markUndone, [tenant, handlingId, now, by]);
    return { kind: "restored", count, tooLate: wanted.length - count };
  }, DEADLINE_MS);
  return orFailed(done);
}

interface HandledRow {
  readonly bucket: number;
  readonly id: string;
  readonly retried_as: string | null;
  readonly dismissed_at: Date | null;
}

async function undo(tx: Queryable, tenant: string, rows: readonly HandledRow[]): Promise<number> {
  const dismissed = rows.filter((row) => row.dismissed_at !== null);
  const opened = await tx.run(restoreMany, [
    tenant,
    dismissed.map(({ bucket }) => bucket),
    dismissed.map(({ id }) => id),
  ]);
  const retried = rows.filter((row) => row.retried_as !== null);
  const taken = await tx.run(withdrawUntried, [
    tenant,
    retried.map(({ bucket }) => bucket),
    retried.map((row) => row.retried_as),
  ]);
  const followed = taken.rows.filter((row) => row.retry_of !== null);
  const reopened = await tx.run(reopenMany, [
    followed.map(({ bucket }) => bucket),
    followed.map((row) => row.retry_of),
    followed.map(({ id }) => id),
  ]);
  if (reopened.rowCount !== taken.rowCount) throw new Error("a retry was taken back whose dead letter is not there");
  await tx.run(withdrawItems, [
    taken.rows.map(({ bucket }) => bucket),
    taken.rows.map((row) => row.event_id),
    taken.rows.map(({ id }) => id),
  ]);
  return opened.rows.length + reopened.rows.length;
}
