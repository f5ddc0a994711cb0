import { SLOW_SHARE } from "../domain/gate.ts";
import type { Linked } from "../platform/linked-list.ts";
import { createLinkedList } from "../platform/linked-list.ts";

/** One delivery that is leased: it waits for its attempt, is being tried, or has been and is being settled. */
export interface Slot extends Linked<Slot> {
  readonly destinationId: string;
  /** When its attempt began. */
  startMs: number;
  phase: "waiting" | "trying" | "settling";
  /** What it may take of memory; the most there can be, until its event is read. */
  bytes: number;
}

/** The slots of one worker: who is in them, and how many are free. */
export interface Slots {
  /** @param bytes what its event may take; @param waits whether its attempt begins later, when {@link Slots.begin} is called */
  take(destinationId: string, bytes?: number, waits?: boolean): Slot;
  /** How much its event takes is known now. */
  weigh(slot: Slot, bytes: number): void;
  /** Whether an attempt may begin, when there are `size` slots and at most `sizeMax` may be under way in any case. */
  mayBegin(size: number, sizeMax: number): boolean;
  begin(slot: Slot): void;
  /** The attempt has ended, and what came of it is being written. */
  settle(slot: Slot): void;
  leave(slot: Slot): void;
  inUse(): number;
  /** How many wait for their attempt to begin. */
  waiting(): number;
  /**
   * What they may take of memory, all together.
   *
   * @param oldMax of what old attempts take no more than so many bytes count
   */
  bytes(oldMax?: number): number;
  /**
   * How many may be claimed, when there are `size` slots, at most `sizeMax` may be leased in any case, and `ahead` may wait
   * for a slot.
   */
  free(size: number, sizeMax: number, ahead?: number): number;
  /**
   * The destination whose old attempts, two of them at least, fill the largest part of a quarter of these slots or of these bytes, and the
   * share of attempts that fits into such a quarter; null when none fills it.
   */
  findSlow(limits: SlotLimits, isMeant: (destinationId: string, share: number) => boolean): SlowDestination | null;
}

/** How many attempts there is room for, and how many bytes their events may take. */
export interface SlotLimits {
  readonly slots: number;
  readonly bytes: number;
}

/** A destination that is slow, and how many attempts at once it is to be left. */
export interface SlowDestination {
  readonly destinationId: string;
  readonly share: number;
}

/** An attempt that takes longer is old. */
const OLD_MS = 1_000;
/** The part of the slots that old attempts may hold all together; those beyond it are not counted. */
const OLD_PART = 2;

/**
 * Keeps slots. Old attempts hold at most half of them however many there are: what waits for a destination that does not
 * answer costs a socket and some memory, and must not keep others from being tried. One that is being settled holds none:
 * with quick destinations most of a slot's time went by waiting for a COMMIT, and batches stayed small.
 */
export function createSlots(nowMs: () => number): Slots {
  const taken = createLinkedList<Slot>();
  const counts = { waiting: 0, trying: 0, settling: 0 };
  const sum = { bytes: 0 };
  const move = (slot: Slot, phase: Slot["phase"]): void => {
    counts[slot.phase]--;
    counts[phase]++;
    slot.phase = phase;
  };
  // Old ones do not count beyond their part.
  const tryingCounted = (size: number): number => {
    if (counts.trying <= Math.ceil(size / OLD_PART)) return counts.trying;
    const before = nowMs() - OLD_MS;
    let old = 0;
    for (const slot of taken) if (isOld(slot, before)) old++;
    return counts.trying - old + Math.min(old, Math.ceil(size / OLD_PART));
  };
  return {
    take: (destinationId, bytes = 0, waits = false) => {
      const phase = waits ? "waiting" : "trying";
      const slot: Slot = { destinationId, startMs: nowMs(), phase, bytes, before: null, after: null };
      counts[slot.phase]++;
      sum.bytes += bytes;
      taken.add(slot);
      return slot;
    },
    weigh: (slot, bytes) => {
      sum.bytes += bytes - slot.bytes;
      slot.bytes = bytes;
    },
    // The old ones are looked for only with all slots in use: this is asked for each attempt.
    mayBegin: (size, sizeMax) => counts.trying < size || (counts.trying < sizeMax && tryingCounted(size) < size),
    begin: (slot) => {
      slot.startMs = nowMs();
      move(slot, "trying");
    },
    settle: (slot) => move(slot, "settling"),
    leave: (slot) => {
      if (!taken.delete(slot)) return;
      counts[slot.phase]--;
      sum.bytes -= slot.bytes;
    },
    inUse: () => taken.size,
    waiting: () => counts.waiting,
    bytes: (oldMax = Infinity) => {
      if (sum.bytes <= oldMax) return sum.bytes;
      const old = sumOldBytes(taken, nowMs() - OLD_MS);
      return sum.bytes - old + Math.min(old, oldMax);
    },
    free: (size, sizeMax, ahead = 0) =>
      Math.max(0, Math.min(size + ahead - tryingCounted(size) - counts.waiting, sizeMax - taken.size)),
    findSlow: (limits, isMeant) => {
      const [most] = [...sumOldAttempts(taken, nowMs() - OLD_MS)]
        .filter(([, { attempts }]) => attempts > 1)
        .map(([destinationId, old]) => ({ destinationId, part: partOf(old, limits), share: shareOf(old, limits) }))
        .filter(({ destinationId, part, share }) => part >= 1 && isMeant(destinationId, share))
        .toSorted((a, b) => b.part - a.part);
      return most === undefined ? null : { destinationId: most.destinationId, share: most.share };
    },
  };
}

function sumOldBytes(taken: Iterable<Slot>, before: number): number {
  let sum = 0;
  for (const slot of taken) if (isOld(slot, before)) sum += slot.bytes;
  return sum;
}

function isOld({ phase, startMs }: Slot, before: number): boolean {
  return phase === "trying" && startMs <= before;
}

/** The old attempts of one destination. */
interface OldAttempts {
  attempts: number;
  bytes: number;
  largest: number;
}

function sumOldAttempts(taken: Iterable<Slot>, before: number): ReadonlyMap<string, OldAttempts> {
  const found = new Map<string, OldAttempts>();
  for (const slot of taken) {
    if (!isOld(slot, before)) continue;
    const old = found.get(slot.destinationId) ?? { attempts: 0, bytes: 0, largest: 0 };
    old.attempts++;
    old.bytes += slot.bytes;
    old.largest = Math.max(old.largest, slot.bytes);
    found.set(slot.destinationId, old);
  }
  return found;
}

/** How much of a slow destination's share they take: from 1 on it is slow. */
function partOf({ attempts, bytes }: OldAttempts, limits: SlotLimits): number {
  return Math.max(attempts / Math.ceil(limits.slots / SLOW_SHARE), bytes / (limits.bytes / SLOW_SHARE));
}

/** As many of its largest as fit. One without a body takes no bytes, and any number fits. */
function shareOf({ largest }: OldAttempts, limits: SlotLimits): number {
  return Math.max(1, Math.floor(Math.min(limits.slots / SLOW_SHARE, limits.bytes / SLOW_SHARE / largest)));
}
