/** A rate with room for bursts. */
export interface RateLimit {
  readonly perSec: number;
  /** How many may come at once; at least 1. */
  readonly burst: number;
}

export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export function fullBucket(limit: RateLimit, atMs: number): TokenBucket {
  return { tokens: limit.burst, atMs };
}

/**
 * Takes one token at a moment of a monotonic clock. Without one nothing is taken, and `waitMs` says after how long there
 * will be one, if nobody else comes.
 */
export function takeToken(
  bucket: TokenBucket,
  limit: RateLimit,
  nowMs: number,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const passedSec = Math.max(0, nowMs - bucket.atMs) / 1_000;
  const tokens = Math.min(limit.burst, bucket.tokens + passedSec * limit.perSec);
  // A hair below one counts as one: sums of fractions do not come out even.
  if (tokens >= 1 - 1e-9) return { bucket: { tokens: Math.max(0, tokens - 1), atMs: nowMs }, waitMs: 0 };
  return { bucket: { tokens, atMs: nowMs }, waitMs: ((1 - tokens) / limit.perSec) * 1_000 };
}

/** The part of a limit that one of several processes may use: together they keep to it as long as arrivals are spread evenly. */
export function divideLimit(limit: RateLimit, processes: number): RateLimit {
  const parts = Math.max(1, processes);
  return { perSec: limit.perSec / parts, burst: Math.max(1, limit.burst / parts) };
}
