import type { Clock } from "../platform/clock.ts";

/** How a stop shares the time that it has. */
export interface StopShares {
  /** How long requests at the door may take. */
  readonly doorMs: number;
  /** From when on nothing waits for the database any more. */
  readonly cutMs: number;
  /** How long attempts under way may take from now on. */
  attemptsMs(): number;
  /** How long outcomes may take to be settled when the attempts have ended. */
  readonly settleMs: number;
}

/** Attempts and what settles them end before the database is cut off; the rest is for closing. */
const SHARES = { door: 1 / 3, attempts: 0.65, settle: 1 / 8, cut: 0.8 };

/**
 * Shares the time of a stop that begins now. What the door does not use is the attempts': one that is aborted counts, and its
 * service is sent it once more.
 */
export function shareStop(clock: Pick<Clock, "monotonicMs">, totalMs: number): StopShares {
  const abortAtMs = clock.monotonicMs() + totalMs * SHARES.attempts;
  return {
    doorMs: totalMs * SHARES.door,
    cutMs: totalMs * SHARES.cut,
    attemptsMs: () => Math.max(0, abortAtMs - clock.monotonicMs()),
    settleMs: totalMs * SHARES.settle,
  };
}
