import type { Clock } from "../platform/clock.ts";

/** Whether so much more (one, if it is not said) is allowed for this source now; each call that is answered yes takes it. */
export type Allowance = (sourceId: string, amount?: number) => boolean;

/** A token bucket for each source. Sources are of the catalog, so there are only so many. */
export function createAllowance(
  clock: Clock,
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
): Allowance {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (sourceId, amount = 1) => {
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(sourceId) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = nowMs;
    buckets.set(sourceId, bucket);
    if (bucket.tokens < amount) return false;
    bucket.tokens -= amount;
    return true;
  };
}
