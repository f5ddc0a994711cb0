/** One delivery that is leased: it waits for its attempt, is being tried, or has been and is being settled. */
export interface Slot {
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
  bytes(): number;
  /**
   * How many may be claimed, when there are `size` slots, at most `sizeMax` may be leased in any case, and `ahead` may wait
   * for a slot.
   */
  free(size: number, sizeMax: number, ahead?: number): number;
  /** The destination whose old attempts fill at least a quarter of `size` slots; null when there is none. */
  findSlow(size: number, isMeant: (destinationId: string) => boolean): string | null;
}

/** An attempt that takes longer is old. */
const OLD_MS = 1_000;
/** The part of the slots that old attempts may hold all together; those beyond it are not counted. */
const OLD_PART = 2;
/** The part from which on one destination is slow. */
const SLOW_PART = 4;

/**
 * Keeps slots. Old attempts hold at most half of them however many there are: what waits for a destination that does not
 * answer costs a socket and some memory, and must not keep others from being tried. One that is being settled holds none:
 * with quick destinations most of a slot's time went by waiting for a COMMIT, and batches stayed small.
 */
export function createSlots(nowMs: () => number): Slots {
  const taken = new Set<Slot>();
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
    for (const slot of taken) if (slot.phase === "trying" && slot.startMs <= before) old++;
    return counts.trying - old + Math.min(old, Math.ceil(size / OLD_PART));
  };
  return {
    take: (destinationId, bytes = 0, waits = false) => {
      const slot: Slot = { destinationId, startMs: nowMs(), phase: waits ? "waiting" : "trying", bytes };
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
    bytes: () => sum.bytes,
    free: (size, sizeMax, ahead = 0) =>
      Math.max(0, Math.min(size + ahead - tryingCounted(size) - counts.waiting, sizeMax - taken.size)),
    findSlow: (size, isMeant) => {
      const before = nowMs() - OLD_MS;
      const found = new Map<string, number>();
      for (const { destinationId, startMs, phase } of taken) {
        if (phase === "trying" && startMs <= before) found.set(destinationId, (found.get(destinationId) ?? 0) + 1);
      }
      const [most] = [...found].filter(([id]) => isMeant(id)).toSorted((a, b) => b[1] - a[1]);
      return most !== undefined && most[1] >= Math.max(2, Math.ceil(size / SLOW_PART)) ? most[0] : null;
    },
  };
}
