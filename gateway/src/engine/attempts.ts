import type { Claimed } from "../pipeline/claim.ts";
import type { LeasedDelivery } from "../pipeline/leased-delivery.ts";
import type { WorkDeps } from "../pipeline/work.ts";
import { giveBack, work } from "../pipeline/work.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import { createBacklogPace } from "./backlog-pace.ts";
import type { BodyRoom } from "./body-room.ts";
import { createBodyRoom } from "./body-room.ts";
import type { Look } from "./claim-pace.ts";
import { createLine } from "./line.ts";
import { createPace } from "./pace.ts";
import type { Slot, Slots } from "./slots.ts";
import { createSlots } from "./slots.ts";

/** So many times as many attempts as there are slots may be under way, old ones with them. */
const OLD_TIMES = 4;

/**
 * Where attempts end fast, so much work is leased ahead of them, as a delivery in a batch of 256 costs the database two thirds
 * of one in a batch of 64 (docs/decisions/0009). Measured in time, so that what is slow leases nothing ahead, and no event of
 * another lane waits longer behind it than the slots alone make it wait.
 */
const AHEAD_MS = 40;
const AHEAD_MAX = 512;
/** Who gave a worker fewer slots wants it to have little in its hands. */
const AHEAD_SLOTS_MIN = 32;
/** Who waits this long for a slot is given back, so that another process can try it. */
const LATE_MS = 1_000;

const UNSETTLED = "an attempt could not be settled";

/** What is claimed comes in, waits for a slot, is tried and settled, and is out. */
export interface Attempts {
  readonly slots: Pick<Slots, "inUse" | "findSlow">;
  look(): Look;
  readonly room: Pick<BodyRoom, "expected" | "make" | "isFilled">;
  /** Leased, and its event, of at most so many bytes, is still being read. */
  take(delivery: LeasedDelivery, bytesMax: number): Slot;
  add(claimed: Claimed, slot: Slot): void;
  /** Gives back what has waited for a slot for too long. */
  returnLate(): void;
  /** Tries nothing any more that has not begun. */
  drain(): void;
  /** Resolves when nothing is left. */
  whenEmpty(): Promise<void>;
}

function lookAt(slots: Slots, size: number, attemptsPerMs: number, bodies: number): Look {
  const paced = size < AHEAD_SLOTS_MIN ? 0 : Math.min(AHEAD_MAX, Math.floor(attemptsPerMs * AHEAD_MS));
  const ahead = Math.max(0, paced - size);
  const sizeMax = OLD_TIMES * (size + ahead);
  const free = Math.min(slots.free(size, sizeMax, ahead), bodies);
  const urgent = Math.min(slots.free(size, sizeMax, slots.waiting()), bodies);
  return { size, free, ahead, urgent };
}

export interface AttemptsOptions {
  readonly concurrency: number;
  readonly log: Log;
  /** Is called when more may be claimed. */
  readonly onRoom: () => void;
  /** Whether a quiet lane has something to deliver beside a flood. */
  readonly isShared: () => boolean;
}

/** Opens the way of what is claimed through the slots. */
export function createAttempts(deps: WorkDeps, options: AttemptsOptions): Attempts {
  const nowMs = (): number => deps.clock.monotonicMs();
  const state = { draining: false, onEmpty: [] as (() => void)[] };
  const slots = createSlots(nowMs);
  const pace = createPace(nowMs);
  const line = createLine<{ readonly claimed: Claimed; readonly slot: Slot }>(nowMs);
  const room = createBodyRoom(nowMs, slots);
  const size = options.concurrency;
  const start = (claimed: Claimed, slot: Slot, act: typeof work): void => {
    slots.begin(slot);
    const onEnded = (): void => {
      slots.settle(slot);
      flow();
      options.onRoom();
    };
    act(deps, claimed, onEnded)
      // Not settled, so its lease expires and it is rescued.
      .catch((error: unknown) =>
        options.log.error({ delivery: claimed.delivery.id, error: messageOf(error) }, UNSETTLED),
      )
      .finally(() => {
        slots.leave(slot);
        pace.count();
        if (slots.inUse() === 0) for (const resolve of state.onEmpty.splice(0)) resolve();
        flow();
        options.onRoom();
      });
  };
  const backlog = createBacklogPace({ nowMs, wake: () => flow() });
  const mayTakeBacklog = (): boolean => state.draining || !options.isShared() || backlog.take();
  const flow = (): void => {
    while (state.draining || slots.mayBegin(size, OLD_TIMES * size)) {
      const next = line.take(mayTakeBacklog);
      if (next === null) return;
      // A claim that was under way when the drain began: nothing new is tried any more.
      start(next.claimed, next.slot, state.draining ? giveBack : work);
    }
  };
  return {
    slots,
    room,
    look: () => lookAt(slots, size, pace.perMs(), room.count()),
    take: ({ destinationId }, bytesMax) => slots.take(destinationId, bytesMax, true),
    add: (claimed, slot) => {
      room.note(slot, typeof claimed.event === "string" ? 0 : claimed.event.body.length);
      line.add(claimed.delivery, { claimed, slot });
      flow();
    },
    returnLate: () => {
      for (const { claimed, slot } of line.takeSince(nowMs() - LATE_MS)) start(claimed, slot, giveBack);
    },
    drain: () => {
      state.draining = true;
      flow();
    },
    whenEmpty: async () => {
      if (slots.inUse() > 0) await new Promise<void>((resolve) => state.onEmpty.push(resolve));
    },
  };
}
