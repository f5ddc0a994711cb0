/** When a delivery is tried again, and when it is given up. */
export interface RetryPolicy {
  /** Waits between attempts, in milliseconds; one attempt more than there are waits, then dead. */
  readonly scheduleMs: readonly number[];
  /** How many answers of the refused class (4xx, 3xx, blocked address) end a delivery. */
  readonly refusalsMax: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A quick head for a handler that is being restarted, then ever longer waits up to three days in all. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  scheduleMs: [
    5_000,
    30_000,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    ...Array.from({ length: 11 }, () => 6 * HOUR),
  ],
  refusalsMax: 3,
};

/** A receiver's `Retry-After` is honoured up to here. */
export const RETRY_AFTER_MAX_MS = 10 * HOUR;
/** After 429 or a timeout the destination gets at least this long. */
export const THROTTLE_WAIT_MIN_MS = MINUTE;
const WAIT_MIN_MS = 1_000;
const JITTER = 0.2;

/**
 * The wait before the next attempt, in milliseconds: the schedule's step with ±20 % jitter, never below one second; at
 * least a minute when the destination asked for room; the later of that and its `Retry-After`, which is capped at 10 h.
 *
 * @param attempt the attempt that has just ended, from 1
 * @param random in [0, 1)
 */
export function waitMs(
  policy: RetryPolicy,
  attempt: number,
  hint: { readonly throttled: boolean; readonly retryAfterMs: number | null },
  random: number,
): number {
  const step = policy.scheduleMs[Math.min(attempt, policy.scheduleMs.length) - 1] ?? WAIT_MIN_MS;
  const jittered = Math.max(WAIT_MIN_MS, step * (1 - JITTER + 2 * JITTER * random));
  const floor = hint.throttled ? THROTTLE_WAIT_MIN_MS : 0;
  const asked = Math.min(Math.max(hint.retryAfterMs ?? 0, 0), RETRY_AFTER_MAX_MS);
  return Math.round(Math.max(jittered, floor, asked));
}
