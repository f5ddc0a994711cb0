/** `open`: nothing but a probe goes out. `recovering`: a probe succeeded, and more go out round by round. */
export const BREAKER_STATES = ["closed", "open", "recovering"] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Where a destination's breaker stands. Times are the database's. */
export interface Breaker {
  readonly state: BreakerState;
  /** When it came into this state; null when it has always been closed. */
  readonly since: Date | null;
  /** How many may be out at once; set exactly while it recovers. */
  readonly concurrency: number | null;
  /** When the next probe may go out; set exactly while it is open. */
  readonly probeAt: Date | null;
  /** Attempts that began after `since`, of the round that runs. */
  readonly roundSucceeded: number;
  readonly roundFailed: number;
}

/** How attempts ended. */
export interface AttemptCounts {
  readonly succeeded: number;
  readonly failed: number;
}

/** The span whose attempts are judged: 5 minutes. */
export const BREAKER_WINDOW_MS = 300_000;
/** Fewer attempts than these tell nothing. */
export const BREAKER_ATTEMPTS_MIN = 10;
/** The share of failures that opens it. */
export const BREAKER_FAILED_SHARE = 0.7;
/** The wait before each probe. */
export const PROBE_MS = 30_000;
const RECOVERY_CONCURRENCY_MIN = 2;
const RECOVERY_CONCURRENCY_MAX = 64;

/** Whether so many failures open a closed breaker. */
export function isFailing({ succeeded, failed }: AttemptCounts): boolean {
  const total = succeeded + failed;
  return total >= BREAKER_ATTEMPTS_MIN && failed >= BREAKER_FAILED_SHARE * total;
}

/**
 * Moves a breaker on. Closed, it opens at {@link isFailing}; open, one successful probe makes it recover; recovering, each
 * round of attempts doubles how many may be out until that is enough, and a failing round opens it again.
 *
 * @param recent attempts of the last {@link BREAKER_WINDOW_MS}, none of them from before it closed
 * @param isWaited whether deliveries wait behind it; without any there is no herd to fear, so recovering ends
 * @returns the same object when nothing has changed
 */
export function moveBreaker(breaker: Breaker, recent: AttemptCounts, isWaited: boolean, now: Date): Breaker {
  switch (breaker.state) {
    case "closed":
      return isFailing(recent) ? open(now) : breaker;
    case "open":
      if (breaker.roundSucceeded > 0) return recover(now, RECOVERY_CONCURRENCY_MIN);
      return breaker.roundFailed > 0 ? { ...breaker, roundFailed: 0 } : breaker;
    case "recovering":
      return moveRecovering(breaker, isWaited, now);
  }
}

function moveRecovering(breaker: Breaker, isWaited: boolean, now: Date): Breaker {
  const { concurrency, roundSucceeded, roundFailed } = breaker;
  const size = concurrency ?? RECOVERY_CONCURRENCY_MIN;
  if (roundFailed >= BREAKER_FAILED_SHARE * size) return open(now);
  if (roundSucceeded + roundFailed >= size)
    return size >= RECOVERY_CONCURRENCY_MAX ? close(now) : recover(breaker.since ?? now, size * 2);
  return isWaited ? breaker : close(now);
}

function open(now: Date): Breaker {
  const probeAt = new Date(now.getTime() + PROBE_MS);
  return { state: "open", since: now, concurrency: null, probeAt, roundSucceeded: 0, roundFailed: 0 };
}

function recover(since: Date, concurrency: number): Breaker {
  return { state: "recovering", since, concurrency, probeAt: null, roundSucceeded: 0, roundFailed: 0 };
}

function close(now: Date): Breaker {
  return { state: "closed", since: now, concurrency: null, probeAt: null, roundSucceeded: 0, roundFailed: 0 };
}
