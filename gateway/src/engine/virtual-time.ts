import type { FairQueue, LaneMove } from "../domain/fair-queue.ts";
import { RANK_STEP, VERY_FAR_AHEAD, createFairQueue } from "../domain/fair-queue.ts";
import { retriedLane } from "../domain/lane.ts";
import { PRIORITIES } from "../domain/priority.ts";
import type { Log } from "../platform/log.ts";
import { findLaneEnd } from "../store/queue/find-lane-end.ts";
import { forgetLanes } from "../store/queue/forget-lanes.ts";
import { listLaneTags } from "../store/queue/list-lane-tags.ts";
import { listVirtualTimes } from "../store/queue/list-virtual-times.ts";
import { lowerLane } from "../store/queue/lower-lane.ts";
import { moveLanes } from "../store/queue/move-lanes.ts";
import { raiseVirtualTime } from "../store/queue/raise-virtual-time.ts";
import type { Queryable } from "../store/statement.ts";
import { startLoop } from "./loop.ts";

/** The fair queue of this process, kept in step with the others'. */
export interface VirtualTime extends Pick<FairQueue, "next" | "giveBack" | "claimed" | "virtualTime"> {
  /** Tells the others and hears them, now. */
  sync(): Promise<void>;
  /** Tells the others a last time. */
  stop(): Promise<void>;
}

// Between two looks a process ranks by what it knew: a lane that came to several of them gets more than its share for that
// long, and pays it back afterwards.
const SYNC_MS = 400;
const MOVES_MAX = 1_000;
const LANES_KEPT_MAX = 10_000;
/** Once in this many looks, lanes that were caught up with are taken out of the table. */
const FORGET_EVERY = 25;
/** Once in so many, the lanes that are furthest ahead are held against what really waits, so many of them. */
const LOOK_BACK_EVERY = 5;
const LOOK_BACK_LANES = 20;

/**
 * Opens the fair queue with what the processes before have left, so that a lane which floods does not jump its own queue by
 * a restart. Throws when the database is away.
 */
export async function openVirtualTime(deps: { readonly db: Queryable; readonly log: Log }): Promise<VirtualTime> {
  const queue = createFairQueue();
  const told = new Map<number, number>();
  await hear(deps.db, queue);
  let looks = 0;
  let isFull = false;
  const sync = async (): Promise<void> => {
    await tellVirtualTimes(deps.db, queue, told);
    if (!isFull) await tellLanes(deps.db, queue);
    if (looks % LOOK_BACK_EVERY === 0) await lookBack(deps.db, queue);
    if (looks % FORGET_EVERY === 0) await deps.db.run(forgetLanes, []);
    looks++;
    isFull = (await hear(deps.db, queue)) >= LANES_KEPT_MAX;
  };
  const loop = startLoop({ name: "virtual time", log: deps.log, idleMs: SYNC_MS }, async () => {
    await sync();
    return false;
  });
  return {
    next: queue.next,
    giveBack: queue.giveBack,
    claimed: queue.claimed,
    virtualTime: queue.virtualTime,
    sync,
    stop: async () => {
      await loop.stop();
      await sync().catch(() => {});
    },
  };
}

async function hear(db: Queryable, queue: FairQueue): Promise<number> {
  const virtualTimes = (await db.run(listVirtualTimes, [])).rows;
  const lanes = (await db.run(listLaneTags, [LANES_KEPT_MAX])).rows;
  queue.merge(virtualTimes, lanes);
  return lanes.length;
}

async function tellVirtualTimes(db: Queryable, queue: FairQueue, told: Map<number, number>): Promise<void> {
  const moved = PRIORITIES.map((_, priority) => ({ priority, v: queue.virtualTime(priority) })).filter(
    ({ priority, v }) => v > (told.get(priority) ?? 0),
  );
  if (moved.length === 0) return;
  await db.run(raiseVirtualTime, [moved.map(({ priority }) => priority), moved.map(({ v }) => v)]);
  for (const { priority, v } of moved) told.set(priority, v);
}

async function tellLanes(db: Queryable, queue: FairQueue): Promise<void> {
  const moves = queue.takeMoves(MOVES_MAX);
  if (moves.length === 0) return;
  try {
    const { rows } = await db.run(moveLanes, toColumns(moves));
    queue.merge([], rows);
  } catch (error) {
    queue.returnMoves(moves);
    throw error;
  }
}

/**
 * Puts lanes back whose deliveries are not in the queue any more: a pause or a gate has taken them out, and what the lane
 * sends elsewhere must not wait behind them. One that was moved on during the look, here or by another process, stays where
 * it is: the look did not reach as far as what has moved it.
 */
async function lookBack(db: Queryable, queue: FairQueue): Promise<void> {
  for (const { priority, lane, tag } of queue.farthest(LOOK_BACK_LANES)) {
    const retried = retriedLane(lane);
    const end = (await db.run(findLaneEnd, [priority, tag, retried ?? lane, retried !== null])).rows[0];
    const nearest = Math.max(queue.virtualTime(priority), end?.lowest ?? 0);
    const real = end?.last == null ? nearest : Math.max(nearest, end.last + RANK_STEP);
    if (tag - real < VERY_FAR_AHEAD) continue;
    const told = (await db.run(lowerLane, [priority, lane, real, tag])).rows[0];
    if (told === undefined || told.tag <= tag) queue.lower(priority, lane, tag, real);
  }
}

function toColumns(moves: readonly LaneMove[]): unknown[] {
  return [
    moves.map(({ priority }) => priority),
    moves.map(({ lane }) => lane),
    moves.map(({ base }) => base),
    moves.map(({ added }) => added),
    moves.map(({ tag }) => tag),
  ];
}
