import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/log.ts";
import type { Log } from "../platform/log.ts";

/** The slots of a worker at a moment, with what is being claimed for them. */
export interface Look {
  readonly size: number;
  /** How many may be claimed, with those ahead. */
  readonly free: number;
  /** How many may be leased beyond the slots, because attempts end so fast. */
  readonly ahead: number;
  /** How many may be claimed that begin before what was leased ahead. */
  readonly urgent: number;
}

/** What a claim brought. */
export interface Got {
  readonly claimed: number;
  /** How many of them may not be tried now: their destination was gated, paused or disabled when they were ready already. */
  readonly stopped: number;
}

/** How many a worker claims at a time, and when: so that a backlog is cheap to work off and a quiet lane waits for little. */
export interface ClaimPace {
  /** How many the worker's own claim may take now; 0 when it is to wait: `wake` is called when a slot is free and the time has come. */
  take(look: Look): number;
  /** So many deliveries stand at the head of their class: their lanes had nothing waiting. */
  come(quiet: number): void;
  /** Whether a quiet lane came within the last second, and others flood. */
  isShared(): boolean;
  note(got: Got): void;
  /** Ends what `claimFew` does; it is not called any more. */
  stop(): Promise<void>;
}

export interface ClaimPaceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: () => void;
  /** Claims a few beside the worker's own claim, as far as slots are free. */
  readonly claimFew: (few: number) => Promise<unknown>;
}

/**
 * Under load slots fall free one by one; a claim for each would cost more than what it claims. Fewer than this part of the
 * slots are claimed at most once in this time.
 */
const FEW_PART = 4;
const GATHER_MS = 5;
/** Where work is leased ahead, it lasts while half of it is gathered again. */
const GATHER_AHEAD_MS = 20;

/**
 * After a claim of which more than this part may not be tried, the worker's own waits for so long: what stands there is being held
 * (the caretaker `mover`), and to lease it first and put it back costs several times as much.
 */
const STOPPED_PART = 2;
const STOPPED_MS = 50;

/** For so long after a quiet lane's delivery the backlog makes room for the next one. */
const SHARED_MS = 1_000;
/**
 * While more than this part of what is claimed is of quiet lanes, nobody floods: there is no backlog to hold back, and holding it
 * back would cost everybody some rate.
 */
const QUIET_PART_MAX = 4;
/** With fewer slots there is nothing to keep, and a claim is short. */
const SHARED_SLOTS_MIN = 16;
/** One slot of so many is kept for quiet lanes meanwhile; as many are claimed for them at once. */
const KEPT_PART = 16;

/** @returns the pace of one worker */
export function createClaimPace({ clock, log, wake, claimFew }: ClaimPaceDeps): ClaimPace {
  const state = { claimedMs: -Infinity, cameMs: -Infinity, restUntilMs: -Infinity, few: 0, isStopped: false };
  let timer: NodeJS.Timeout | null = null;
  let quick: Promise<void> | null = null;
  const later = (): 0 => {
    timer ??= setTimeout(() => {
      timer = null;
      wake();
    }, GATHER_MS);
    return 0;
  };
  const claimQuickly = async (): Promise<void> => {
    while (state.few > 0 && !state.isStopped) {
      const few = state.few;
      state.few = 0;
      // The worker's own claim finds out about the same trouble, and waits until it is over.
      await claimFew(few).catch((error: unknown) => log.debug({ error: messageOf(error) }, "a quick claim failed"));
    }
    quick = null;
  };
  let keptMax = 0;
  const tally = { sinceMs: clock.monotonicMs(), quiet: 0, claimed: 0, areFew: true };
  const areQuietFew = (nowMs: number): boolean => {
    if (nowMs - tally.sinceMs < SHARED_MS) return tally.areFew;
    tally.areFew = tally.quiet * QUIET_PART_MAX <= tally.claimed;
    Object.assign(tally, { sinceMs: nowMs, quiet: 0, claimed: 0 });
    return tally.areFew;
  };
  const isShared = (nowMs: number): boolean => keptMax > 0 && nowMs - state.cameMs < SHARED_MS && areQuietFew(nowMs);
  return {
    isShared: () => isShared(clock.monotonicMs()),
    take: ({ size, free, ahead }) => {
      const nowMs = clock.monotonicMs();
      if (nowMs < state.restUntilMs) return later();
      keptMax = size < SHARED_SLOTS_MIN ? 0 : Math.floor(size / KEPT_PART);
      const count = isShared(nowMs) ? free - keptMax : free;
      if (count <= 0) return free > 0 ? later() : 0;
      const [few, gatherMs] = ahead === 0 ? [0, GATHER_MS] : [ahead / 2, GATHER_AHEAD_MS];
      if (count < size / FEW_PART + few && nowMs - state.claimedMs < gatherMs) return later();
      state.claimedMs = nowMs;
      return count;
    },
    note: ({ claimed, stopped }) => {
      tally.claimed += claimed;
      if (stopped * STOPPED_PART > claimed) state.restUntilMs = state.claimedMs + STOPPED_MS;
    },
    come: (quiet) => {
      const nowMs = clock.monotonicMs();
      state.cameMs = nowMs;
      tally.quiet += quiet;
      if (keptMax === 0 || state.isStopped || !areQuietFew(nowMs)) return;
      // No more than came: what a backlog has would wait in line with it, and keep the next ones out.
      state.few = Math.min(keptMax, state.few + quiet);
      quick ??= claimQuickly();
    },
    stop: async () => {
      state.isStopped = true;
      if (timer !== null) clearTimeout(timer);
      await quick;
    },
  };
}
