/** Time, passed in so that tests and simulations can own it. */
export interface Clock {
  /** Wall time. */
  now(): Date;
  /** Milliseconds that never go back, for deadlines and durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
