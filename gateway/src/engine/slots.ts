/** One attempt that is under way, or that has ended and is being settled. */
export interface Slot {
  readonly destinationId: string;
  readonly startMs: number;
  /** The attempt is over: its place is for the next one, while its outcome is written. */
  settling: boolean;
}

/** The slots of one worker: who is in them, and how many are free. */
export interface Slots {
  take(destinationId: string): Slot;
  /** The attempt has ended, and what came of it is being written. */
  settle(slot: Slot): void;
  leave(slot: Slot): void;
  inUse(): number;
  /** How many may be claimed, when there are `size` slots and at most `sizeMax` may be under way in any case. */
  free(size: number, sizeMax: number): number;
  /** How many hold a slot and have only just begun: 25 ms ago at most. */
  young(): number;
  /** The destination whose old attempts fill at least a quarter of `size` slots; null when there is none. */
  findSlow(size: number, isMeant: (destinationId: string) => boolean): string | null;
}

/** An attempt that takes longer is old. */
const OLD_MS = 1_000;
/** One that has begun since is young: if its destination is quick, it is work that is being done right now. */
const YOUNG_MS = 25;
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
  return {
    take: (destinationId) => {
      const slot = { destinationId, startMs: nowMs(), settling: false };
      taken.add(slot);
      return slot;
    },
    settle: (slot) => {
      slot.settling = true;
    },
    leave: (slot) => void taken.delete(slot),
    inUse: () => taken.size,
    free: (size, sizeMax) => {
      const before = nowMs() - OLD_MS;
      let old = 0;
      let settling = 0;
      for (const slot of taken) {
        if (slot.settling) settling++;
        else if (slot.startMs <= before) old++;
      }
      const counted = taken.size - settling - old + Math.min(old, Math.ceil(size / OLD_PART));
      return Math.max(0, Math.min(size - counted, sizeMax - taken.size));
    },
    young: () => {
      const since = nowMs() - YOUNG_MS;
      let young = 0;
      for (const { startMs, settling } of taken) if (!settling && startMs > since) young++;
      return young;
    },
    findSlow: (size, isMeant) => {
      const before = nowMs() - OLD_MS;
      const counts = new Map<string, number>();
      for (const { destinationId, startMs, settling } of taken) {
        if (!settling && startMs <= before) counts.set(destinationId, (counts.get(destinationId) ?? 0) + 1);
      }
      const [most] = [...counts].filter(([id]) => isMeant(id)).toSorted((a, b) => b[1] - a[1]);
      return most !== undefined && most[1] >= Math.max(2, Math.ceil(size / SLOW_PART)) ? most[0] : null;
    },
  };
}
