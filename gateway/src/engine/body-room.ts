import type { Slot, Slots } from "./slots.ts";

/** The memory that bodies of deliveries in flight may take. */
export interface BodyRoom {
  /** How long a body is taken to be at most that is not read yet; so many bytes are kept for each. */
  expected(): number;
  /** For how many more of these there is room. */
  count(): number;
  /** Whether a longer one may be read; it counts as so long then. */
  make(slot: Slot, bytes: number): boolean;
  /** It is read. */
  note(slot: Slot, bytes: number): void;
}

const BYTES_MAX = 268_435_456;
/** As nearly every event of every provider is smaller. */
const LEAST_BYTES = 65_536;
const WINDOW_MS = 1_000;

/**
 * Keeps room for the largest body of the last one to two seconds, for each that is not read yet. The largest that a source allows would
 * be the safe guess as well, and kept a gateway with bodies of 1.5 kB to 256 leases, with a source of 25 MiB to ten slots
 * (docs/decisions/0015). The longest body is a tenth of the bound, so one always finds room when nothing else is under way.
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
  const expected = (): number => {
    roll();
    return Math.max(LEAST_BYTES, state.before, state.largest);
  };
  const see = (bytes: number): void => {
    if (bytes <= LEAST_BYTES) return;
    roll();
    state.largest = Math.max(state.largest, bytes);
  };
  return {
    expected,
    count: () => Math.max(0, Math.floor((BYTES_MAX - slots.bytes()) / expected())),
    make: (slot, bytes) => {
      see(bytes);
      if (slots.bytes() - slot.bytes + bytes > BYTES_MAX) return false;
      slots.weigh(slot, bytes);
      return true;
    },
    note: (slot, bytes) => {
      see(bytes);
      slots.weigh(slot, bytes);
    },
  };
}
