/** How fast a backlog may begin its attempts while quiet lanes have something to deliver. */
export interface BacklogPace {
  /** Whether one more may begin now. If not, `wake` is called when it is time to ask again. */
  take(): boolean;
}

export interface BacklogPaceOptions {
  readonly nowMs: () => number;
  readonly wake: () => void;
}

const TICK_MS = 5;
/** A tick that comes so much too late means that whatever comes into this process waits as long, at each step of its way. */
const LATE_MS = 1;
const SLOWER = 0.85;
/** Attempts a millisecond by which the rate grows with each tick in time: from nothing to a thousand a second in half a second. */
const FASTER = 0.01;
const START = 2;
/** Also where timers are so coarse that every tick is late. */
const LEAST = 1;
const MOST = 20;

/**
 * Gives out attempts at a rate that leaves the event loop room: a quiet lane's delivery takes six turns of it on its way, and each
 * is as long as what the backlog put into it (docs/decisions/0013). Measured is how late a timer is: late, and the rate falls by a
 * part; in time, and it grows by a step. A destination that takes its time keeps nobody busy, so its backlog is not held back.
 */
export function createBacklogPace({ nowMs, wake }: BacklogPaceOptions): BacklogPace {
  const state = { rate: START, tokens: 0, tickedMs: 0, isTicking: false, isWaited: false };
  const tick = (): void => {
    const elapsedMs = nowMs() - state.tickedMs;
    state.isTicking = false;
    const isLate = elapsedMs - TICK_MS > LATE_MS;
    state.rate = isLate ? Math.max(LEAST, state.rate * SLOWER) : Math.min(MOST, state.rate + FASTER);
    state.tokens = Math.min(state.rate * TICK_MS, state.tokens + state.rate * elapsedMs);
    if (!state.isWaited) return;
    state.isWaited = false;
    wake();
  };
  const startTicking = (): void => {
    if (state.isTicking) return;
    state.isTicking = true;
    state.tickedMs = nowMs();
    setTimeout(tick, TICK_MS).unref();
  };
  return {
    take: () => {
      startTicking();
      if (state.tokens >= 1) {
        state.tokens--;
        return true;
      }
      state.isWaited = true;
      return false;
    },
  };
}
