import type { Clock } from "../platform/clock.ts";

/** Whether one more is allowed for this source now; each call that is answered yes takes one. */
export type Allowance = (sourceId: string) => boolean;

/** A token bucket for each source. Sources are of the catalog, so there are only so many. */
export function createAllowance(
  clock: Clock,
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
): Allowance {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (sourceId) => {
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(sourceId) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = nowMs;
    buckets.set(sourceId, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };
}
