import { isHeldLane } from "./lane.ts";

/**
 * Fair lanes by start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", 1996). Each delivery gets a rank when
 * it begins to wait: the later of where its lane has got to and where the service stands (the virtual time, the largest rank
 * that was claimed). The lane then moves on by a step divided by its weight. Claiming in the order of ranks shares the
 * service: an idle lane's delivery is at the head, and a lane that floods queues behind itself.
 */
export interface FairQueue {
  /** The rank of a lane's next delivery. Each call is one delivery that will wait. */
  next(priority: number, lane: string, weight?: number): number;
  /** The lane's delivery that took a rank last will not wait after all. */
  giveBack(priority: number, lane: string, weight?: number): void;
  /** A delivery of this rank was claimed. */
  claimed(priority: number, rank: number): void;
  virtualTime(priority: number): number;
  /** The lanes that are far ahead and have moved since they were last taken, those that moved most first. */
  takeMoves(limit: number): LaneMove[];
  /** Moves that could not be told to the others: they are told later. */
  returnMoves(moves: readonly LaneMove[]): void;
  /**
   * The lanes that are so far ahead that it matters whether what they queued is still there, the furthest first. None whose
   * deliveries are held: those are there by other means, and would take the others' places.
   */
  farthest(limit: number): LaneTag[];
  /**
   * What a lane queued has left the queue without being served: it begins nearer again. Unless its tag is no longer the one that
   * was looked at, for what has moved it on since waits there.
   */
  lower(priority: number, lane: string, tag: number, to: number): void;
  /** What the others know: virtual times and lanes, which only ever put things back in the queue. */
  merge(virtualTimes: readonly VirtualTime[], lanes: readonly LaneTag[]): void;
}

/** Gives ranks to deliveries that begin to wait. */
export type Ranks = Pick<FairQueue, "next">;

/** The same for those who may find that what they ranked is there already. */
export type ReturnableRanks = Pick<FairQueue, "next" | "giveBack">;

/** The same for those who want to know how many of them were at the head. */
export type HeadRanks = Pick<FairQueue, "next" | "giveBack" | "virtualTime">;

export interface VirtualTime {
  readonly priority: number;
  readonly v: number;
}

/** Where a lane has got to: the rank that its next delivery would have if the service stood still. */
export interface LaneTag {
  readonly priority: number;
  readonly lane: string;
  readonly tag: number;
}

/** How far one process has moved a lane since it last heard of the others. */
export interface LaneMove extends LaneTag {
  /** What it believed the tag to be then. */
  readonly base: number;
  /** What it added. Two processes that add at the same time move the lane by both. */
  readonly added: number;
}

/**
 * One delivery of a lane of weight 1. Ranks are doubles of about 2e12, which are 2.4e-4 apart, so that 1,000 / 100 is exact
 * enough; at 10,000 deliveries a second in one lane they stay whole for 28 years.
 */
export const RANK_STEP = 1_000;
/** Ranks of earlier versions were milliseconds since 1970 (1.8e12): what waits from before goes first. */
export const VIRTUAL_TIME_START = 2e12;
/** Lanes that are remembered. More of them lose their place: they count as idle. */
export const LANES_MAX = 100_000;
/** A lane that is less far ahead is not worth telling the others of. */
const FAR_AHEAD = 16 * RANK_STEP;
/** One that is less far ahead is not worth a look at what it has waiting. */
export const VERY_FAR_AHEAD = 1_000 * RANK_STEP;

interface Lane {
  tag: number;
  base: number;
  added: number;
}

interface Class {
  v: number;
  readonly lanes: Map<string, Lane>;
}

/** A queue with nothing in it, for as many priorities as are asked for. */
export function createFairQueue(lanesMax = LANES_MAX): FairQueue {
  const classes = new Map<number, Class>();
  const classOf = (priority: number): Class => {
    const known = classes.get(priority);
    if (known !== undefined) return known;
    const made: Class = { v: VIRTUAL_TIME_START, lanes: new Map() };
    classes.set(priority, made);
    return made;
  };
  return {
    next: (priority, name, weight = 1) => {
      const own = classOf(priority);
      const lane = laneOf(own, name, lanesMax);
      const rank = Math.max(own.v, lane.tag);
      lane.tag = rank + RANK_STEP / weight;
      lane.added += RANK_STEP / weight;
      return rank;
    },
    giveBack: (priority, name, weight = 1) => {
      const lane = classOf(priority).lanes.get(name);
      if (lane === undefined) return;
      lane.tag -= RANK_STEP / weight;
      // What the others were told of meanwhile they keep, until they look at what waits.
      lane.added = Math.max(0, lane.added - RANK_STEP / weight);
      lane.base = Math.min(lane.base, lane.tag);
    },
    claimed: (priority, rank) => raise(classOf(priority), rank),
    virtualTime: (priority) => classOf(priority).v,
    takeMoves: (limit) => takeMoves(classes, limit),
    returnMoves: (moves) => {
      for (const { priority, lane: name, base, added } of moves) {
        const lane = classOf(priority).lanes.get(name);
        if (lane === undefined) continue;
        lane.added += added;
        lane.base = base;
      }
    },
    farthest: (limit) => farthest(classes, limit),
    lower: (priority, name, tag, to) => {
      const lane = classOf(priority).lanes.get(name);
      if (lane === undefined || lane.tag !== tag) return;
      lane.tag = to;
      lane.base = Math.min(lane.base, to);
    },
    merge: (virtualTimes, lanes) => {
      for (const { priority, v } of virtualTimes) raise(classOf(priority), v);
      for (const { priority, lane: name, tag } of lanes) {
        const own = classOf(priority);
        if (tag <= own.v) continue;
        const lane = laneOf(own, name, lanesMax);
        lane.base = tag;
        lane.tag = Math.max(lane.tag, tag + lane.added);
      }
    },
  };
}

/**
 * Gives the same ranks, and counts those whose lanes had nothing waiting, or one: they are where the service stands, or a step
 * further, as is the next one of a lane that was served last.
 */
export function watchHead(ranks: HeadRanks, seen: { quiet: number }): ReturnableRanks {
  return {
    giveBack: ranks.giveBack,
    next: (priority, lane, weight = 1) => {
      const rank = ranks.next(priority, lane, weight);
      if (rank <= ranks.virtualTime(priority) + RANK_STEP / weight) seen.quiet++;
      return rank;
    },
  };
}

/** Gives the same ranks, and gives all of them back when it is told to. */
export function journalRanks(ranks: ReturnableRanks): Ranks & { readonly giveBackAll: () => void } {
  const taken: Parameters<FairQueue["giveBack"]>[] = [];
  return {
    next: (...lane) => {
      taken.push(lane);
      return ranks.next(...lane);
    },
    giveBackAll: () => {
      for (const lane of taken.splice(0).toReversed()) ranks.giveBack(...lane);
    },
  };
}

function raise(own: Class, rank: number): void {
  if (rank > own.v) own.v = rank;
}

function laneOf(own: Class, name: string, lanesMax: number): Lane {
  const known = own.lanes.get(name);
  if (known !== undefined) return known;
  if (own.lanes.size >= lanesMax) forget(own, lanesMax);
  const made = { tag: own.v, base: own.v, added: 0 };
  own.lanes.set(name, made);
  return made;
}

/** Forgets the lanes that are not ahead, for they would begin anew anyway; when all are, a tenth of them. */
function forget(own: Class, lanesMax: number): void {
  for (const [name, lane] of own.lanes) if (lane.tag <= own.v) own.lanes.delete(name);
  for (const name of own.lanes.keys()) {
    if (own.lanes.size <= lanesMax * 0.9) return;
    own.lanes.delete(name);
  }
}

function farthest(classes: ReadonlyMap<number, Class>, limit: number): LaneTag[] {
  const found: (LaneTag & { readonly ahead: number })[] = [];
  for (const [priority, own] of classes) {
    for (const [lane, { tag }] of own.lanes)
      if (tag - own.v >= VERY_FAR_AHEAD && !isHeldLane(lane)) found.push({ priority, lane, tag, ahead: tag - own.v });
  }
  return found.toSorted((a, b) => b.ahead - a.ahead).slice(0, limit);
}

function takeMoves(classes: ReadonlyMap<number, Class>, limit: number): LaneMove[] {
  const moves: LaneMove[] = [];
  for (const [priority, own] of classes) {
    for (const [lane, { tag, base, added }] of own.lanes) {
      if (tag <= own.v) own.lanes.delete(lane);
      else if (added > 0 && tag - own.v >= FAR_AHEAD) moves.push({ priority, lane, tag, base, added });
    }
  }
  const taken = moves.toSorted((a, b) => b.added - a.added).slice(0, limit);
  for (const { priority, lane: name, tag } of taken) {
    const lane = classes.get(priority)!.lanes.get(name)!;
    lane.added = 0;
    lane.base = tag;
  }
  return taken;
}
