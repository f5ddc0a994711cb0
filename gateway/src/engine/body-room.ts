import type { Slot, Slots } from "./slots.ts";

/** The memory that bodies of deliveries in flight may take. */
export interface BodyRoom {
  /** How long a body is taken to be at most that is not read yet; so many bytes are kept for each. */
  expected(): number;
  /** For how many more of these there is room. */
  count(): number;
  /** Whether a longer one may be read; it counts as so long then. */
  make(slot: Slot, bytes: number): boolean;
  /** Whether one of this length, for which there was none, is not expected either: taken up again at once it would find none again. */
  isFilled(bytes: number): boolean;
  /** It is read. */
  note(slot: Slot, bytes: number): void;
}

/** What bodies take at most, however old their attempts are. */
const BYTES_MAX = 268_435_456;
/** What they may take where old attempts are not counted beyond half of it, as is done with the slots. */
export const ROOM_BYTES = 201_326_592;
const OLD_PART = 2;
/** As nearly every event of every provider is smaller. */
const LEAST_BYTES = 65_536;
/** What longer ones may take at most: the rest, 4 MiB, is kept for 64 that are not. */
const LONG_BYTES_MAX = BYTES_MAX - 64 * LEAST_BYTES;
const WINDOW_MS = 1_000;

/**
 * Keeps room for the largest body of the last one to two seconds, for each that is not read yet. The largest that a source allows would
 * be the safe guess as well, and kept a gateway with bodies of 1.5 kB to 256 leases, with a source of 25 MiB to ten slots
 * (docs/decisions/0015). The longest body is an eighth of the room, so one always finds it when nothing else is under way. Old attempts
 * fill half of it at most: what large bodies wait for a destination that does not answer must not keep others' from being read.
 *
 * Where many destinations do not answer to one large body each, no share of one of them helps. Then those that are no larger than the least
 * go on in what is kept for them, and the larger are no longer expected: they would find no room, and all the others would wait for it.
 * So it is as well where they leave room for one, while that one is under way: others that follow it would keep all small ones out.
 */
export function createBodyRoom(nowMs: () => number, slots: Pick<Slots, "bytes" | "weigh">): BodyRoom {
  const state = { startMs: nowMs(), largest: 0, before: 0 };
  const roll = (): void => {
    const elapsedMs = nowMs() - state.startMs;
    if (elapsedMs < WINDOW_MS) return;
    state.before = elapsedMs < 2 * WINDOW_MS ? state.largest : 0;
    state.largest = 0;
    state.startMs += elapsedMs;
  };
  // Old ones are counted only where all together are too many: this is asked for each claim.
  const isTakenByOld = (bytes: number, kept = 0): boolean => {
    if (bytes <= LEAST_BYTES || slots.bytes() - kept + bytes <= LONG_BYTES_MAX) return false;
    return slots.bytes() - slots.bytes(0) + 2 * bytes > LONG_BYTES_MAX;
  };
  const expected = (): number => {
    roll();
    const largest = Math.max(LEAST_BYTES, state.before, state.largest);
    return isTakenByOld(largest) ? LEAST_BYTES : largest;
  };
  const see = (bytes: number): void => {
    if (bytes <= LEAST_BYTES) return;
    roll();
    state.largest = Math.max(state.largest, bytes);
  };
  const left = (bytes: number): number => {
    const bytesMax = bytes > LEAST_BYTES ? LONG_BYTES_MAX : BYTES_MAX;
    return Math.min(ROOM_BYTES - slots.bytes(ROOM_BYTES / OLD_PART), bytesMax - slots.bytes());
  };
  return {
    expected,
    isFilled: (bytes) => bytes > expected(),
    count: () => {
      const each = expected();
      return Math.max(0, Math.floor(left(each) / each));
    },
    make: (slot, bytes) => {
      if (isTakenByOld(bytes, slot.bytes)) return false;
      see(bytes);
      if (bytes - slot.bytes > left(bytes)) return false;
      slots.weigh(slot, bytes);
      return true;
    },
    note: (slot, bytes) => {
      see(bytes);
      slots.weigh(slot, bytes);
    },
  };
}
