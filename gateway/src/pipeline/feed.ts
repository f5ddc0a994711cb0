import type { Breaker } from "../domain/breaker.ts";
import type { Destination } from "../domain/catalog.ts";
import type { FairQueue } from "../domain/fair-queue.ts";
import type { GateStanding } from "../domain/gate.ts";
import { FEED_MAX, afterFeed, planFeed } from "../domain/gate.ts";
import { retryLane } from "../domain/lane.ts";
import type { LetOutRow } from "../store/gates/feed-gated.ts";
import { feedGated, findGated, releaseGate } from "../store/gates/feed-gated.ts";
import { findHeads, giveTurns } from "../store/gates/give-turns.ts";
import { readQueueAtGate } from "../store/gates/list-gates.ts";
import type { GateRow } from "../store/gates/lock-gate.ts";
import { takeGate } from "../store/gates/lock-gate.ts";
import { yieldPermits } from "../store/gates/take-permits.ts";
import { saveTokens } from "../store/gates/save-gate.ts";
import type { Queryable } from "../store/statement.ts";

/** Gives ranks of now. */
export type PresentRanks = Pick<FairQueue, "next" | "virtualTime">;

/** What one feeding of a destination did. */
export type Fed =
  /** Somebody else feeds it right now, or it is not active. */
  | { readonly kind: "busy" }
  | {
      readonly kind: "fed";
      /** How many became ready. */
      readonly count: number;
      /** Whether another feeding may find more at once. */
      readonly more: boolean;
      /** When more may go out by the passing of time alone, in milliseconds; null when something has to happen first. */
      readonly waitMs: number | null;
    };

/**
 * Lets out what one destination's gate has room for, and gives their turn to the next of its order keys. The gate's row is
 * held for the whole transaction, so over all processes no more permits and no more than one turn a key are ever out.
 *
 * @param orderKeys keys of which one may have become free
 */
export async function feed(
  tx: Queryable,
  destination: Pick<Destination, "id" | "policy">,
  orderKeys: readonly string[],
  { slowGates, ranks }: { readonly slowGates: number; readonly ranks: PresentRanks },
): Promise<Fed> {
  const { id, policy } = destination;
  const row = (await tx.run(takeGate, [id])).rows[0];
  if (row === undefined) return { kind: "busy" };
  // Not as this process knows it: one that is late would set the bucket's clock back, and the next to come would fill it again.
  const { now } = row;
  const standing = toStanding(row);
  const { isGated } = planFeed(policy, standing, { out: 0, unclaimed: 0, slowGates, now });
  const turns = orderKeys.length === 0 ? 0 : await giveNext(tx, id, orderKeys, isGated, ranks);
  const queue = (await tx.run(readQueueAtGate, [id])).rows[0];
  if (queue?.waiting !== true) return { kind: "fed", count: isGated ? 0 : turns, more: false, waitMs: null };
  if (!isGated) return release(tx, id, turns);
  const { out, unclaimed } = queue;
  const plan = planFeed(policy, standing, { out, unclaimed, slowGates, now });
  const fed = plan.room === 0 ? 0 : await letOut(tx, id, plan.room, ranks);
  const isFull = fed === plan.room;
  const swapped = isFull && queue.overtakes ? await swap(tx, id, plan.excess, ranks) : 0;
  const after = afterFeed(plan, standing, fed, now);
  await tx.run(saveTokens, [id, after.tokens, after.refilledAt.toISOString(), after.probeAt?.toISOString() ?? null]);
  return {
    kind: "fed",
    count: fed + swapped,
    more: isFull && fed > 0,
    waitMs: isFull ? plan.waitMs : null,
  };
}

async function giveNext(
  tx: Queryable,
  id: string,
  orderKeys: readonly string[],
  isGated: boolean,
  ranks: PresentRanks,
): Promise<number> {
  const heads = (await tx.run(findHeads, [id, orderKeys])).rows;
  if (heads.length === 0) return 0;
  // At the gate they keep their places among each other; how they queue behind it is said when they are let out.
  const placed = isGated ? heads.map(({ rank }) => rank) : heads.map((row) => presentRank(ranks, row));
  return (await tx.run(giveTurns, [...placesOf(heads), placed, isGated])).rowCount ?? 0;
}

async function letOut(tx: Queryable, id: string, room: number, ranks: PresentRanks): Promise<number> {
  const next = (await tx.run(findGated, [id, room])).rows;
  if (next.length === 0) return 0;
  return (await tx.run(feedGated, [...placesOf(next), next.map((row) => presentRank(ranks, row))])).rowCount ?? 0;
}

// What waits to be claimed stands behind what is more urgent here, as it does in the queue. No attempt more is begun by that, so it
// costs no token and needs no place.
async function swap(tx: Queryable, id: string, excess: number, ranks: PresentRanks): Promise<number> {
  const yielded = (await tx.run(yieldPermits, [id, FEED_MAX])).rowCount ?? 0;
  return yielded <= excess ? 0 : await letOut(tx, id, yielded - excess, ranks);
}

function placesOf(rows: readonly LetOutRow[]): [number[], string[]] {
  return [rows.map(({ bucket }) => bucket), rows.map(({ id }) => id)];
}

// A rank of before the virtual time is one of hours ago: with it the backlog of an outage, let out one by one, would stand before
// everything fresh until its end. All at the virtual time they would as well, so they queue as retries do, each lane behind itself.
function presentRank(ranks: PresentRanks, { priority, lane, rank }: LetOutRow): number {
  return rank < ranks.virtualTime(priority) ? ranks.next(priority, retryLane(lane)) : rank;
}

// Nothing holds it back any more. The stager queues what was let go, so it does not stand before everything that is fresh.
async function release(tx: Queryable, id: string, turns: number): Promise<Fed> {
  const released = (await tx.run(releaseGate, [id, FEED_MAX])).rowCount ?? 0;
  return { kind: "fed", count: turns + released, more: released === FEED_MAX, waitMs: null };
}

/** A stored gate, as the rules of feeding see it. */
export function toStanding(row: GateRow): GateStanding {
  return {
    breaker: { state: row.breaker, concurrency: row.breaker_concurrency, probeAt: row.probe_at },
    slowConcurrency: row.slow_concurrency,
    tokens: row.tokens,
    refilledAt: row.refilled_at,
  };
}

/** A stored breaker. */
export function toBreaker(row: GateRow): Breaker {
  return {
    state: row.breaker,
    since: row.breaker_since,
    concurrency: row.breaker_concurrency,
    probeAt: row.probe_at,
    roundSucceeded: row.round_succeeded,
    roundFailed: row.round_failed,
  };
}
