import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divideLimit, fullBucket, takeToken } from "../../src/domain/token-bucket.ts";

const limit = fc.record({
  perSec: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 50 }),
});

describe("a rate limit", () => {
  it("lets through the burst and what the rate gives since, and not one more", () => {
    fc.assert(
      fc.property(limit, fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }), (rate, waits) => {
        let bucket = fullBucket(rate, 0);
        let nowMs = 0;
        let taken = 0;
        for (const waitMs of waits) {
          nowMs += waitMs;
          const next = takeToken(bucket, rate, nowMs);
          bucket = next.bucket;
          if (next.waitMs === 0) taken++;
        }
        expect(taken).toBeLessThanOrEqual(rate.burst + (nowMs / 1_000) * rate.perSec + 1e-6);
      }),
    );
  });

  it("says exactly when the next one goes through", () => {
    fc.assert(
      fc.property(limit, (rate) => {
        let bucket = fullBucket(rate, 0);
        let next = takeToken(bucket, rate, 0);
        while (next.waitMs === 0) {
          bucket = next.bucket;
          next = takeToken(bucket, rate, 0);
        }
        expect(takeToken(bucket, rate, next.waitMs * 0.99).waitMs).toBeGreaterThan(0);
        expect(takeToken(bucket, rate, next.waitMs).waitMs).toBe(0);
      }),
    );
  });

  it("takes nothing when there is not a whole token, and counts on from there", () => {
    const rate = { perSec: 2, burst: 3 };
    const refused = takeToken({ tokens: 0.5, atMs: 1_000 }, rate, 1_100);
    expect(refused).toEqual({ bucket: { tokens: 0.7, atMs: 1_100 }, waitMs: expect.closeTo(150, 6) });
    expect(takeToken(refused.bucket, rate, 1_250)).toEqual({ bucket: { tokens: 0, atMs: 1_250 }, waitMs: 0 });
    expect(takeToken(fullBucket(rate, 0), rate, 60_000)).toEqual({ bucket: { tokens: 2, atMs: 60_000 }, waitMs: 0 });
  });

  it("is not refilled by a clock that stands still or goes back", () => {
    const rate = { perSec: 10, burst: 10 };
    expect(takeToken({ tokens: 0, atMs: 5_000 }, rate, 4_000).waitMs).toBe(100);
  });

  it("is shared out among processes, and leaves each at least one", () => {
    expect(divideLimit({ perSec: 10, burst: 20 }, 4)).toEqual({ perSec: 2.5, burst: 5 });
    expect(divideLimit({ perSec: 10, burst: 2 }, 4)).toEqual({ perSec: 2.5, burst: 1 });
    expect(divideLimit({ perSec: 10, burst: 2 }, 0)).toEqual({ perSec: 10, burst: 2 });
  });
});
