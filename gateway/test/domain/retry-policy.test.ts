import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_RETRY_POLICY,
  RETRY_AFTER_MAX_MS,
  THROTTLE_WAIT_MIN_MS,
  waitMs,
} from "../../src/domain/retry-policy.ts";

const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const policies = fc.record({
  scheduleMs: fc.array(fc.integer({ min: 1, max: 86_400_000 }), { minLength: 1, maxLength: 30 }),
  refusalsMax: fc.integer({ min: 1, max: 10 }),
});
const hints = fc.record({
  throttled: fc.boolean(),
  retryAfterMs: fc.option(fc.integer({ min: -1_000, max: 10 * RETRY_AFTER_MAX_MS })),
});

describe("the wait before the next attempt", () => {
  it("is the schedule's step with at most 20 % jitter, and never below one second", () => {
    fc.assert(
      fc.property(policies, fc.nat({ max: 29 }), randoms, (policy, i, random) => {
        const at = i % policy.scheduleMs.length;
        const step = policy.scheduleMs[at]!;
        const wait = waitMs(policy, at + 1, { throttled: false, retryAfterMs: null }, random);
        expect(wait).toBeGreaterThanOrEqual(Math.max(1_000, Math.floor(step * 0.8)));
        expect(wait).toBeLessThanOrEqual(Math.max(1_000, Math.ceil(step * 1.2)));
      }),
    );
  });

  it("is at least a minute when the destination asked for room", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 40 }), randoms, (policy, attempt, random) => {
        const wait = waitMs(policy, attempt, { throttled: true, retryAfterMs: null }, random);
        expect(wait).toBeGreaterThanOrEqual(THROTTLE_WAIT_MIN_MS);
      }),
    );
  });

  it("is the later of the schedule and Retry-After, which is honoured up to its bound", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 40 }), hints, randoms, (policy, attempt, hint, random) => {
        const wait = waitMs(policy, attempt, hint, random);
        const own = waitMs(policy, attempt, { ...hint, retryAfterMs: null }, random);
        const asked = Math.min(hint.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
        expect(wait).toBe(Math.max(own, asked));
      }),
    );
  });

  it("spreads: two draws of chance give two waits", () => {
    const none = { throttled: false, retryAfterMs: null };
    expect(waitMs(DEFAULT_RETRY_POLICY, 8, none, 0)).toBeLessThan(waitMs(DEFAULT_RETRY_POLICY, 8, none, 0.99));
  });

  it("past the end of the schedule stays at its last step", () => {
    const none = { throttled: false, retryAfterMs: null };
    expect(waitMs(DEFAULT_RETRY_POLICY, 99, none, 0.5)).toBe(DEFAULT_RETRY_POLICY.scheduleMs.at(-1));
  });
});

describe("the default schedule", () => {
  it("never shortens and lasts about three days", () => {
    const { scheduleMs } = DEFAULT_RETRY_POLICY;
    expect(scheduleMs.toSorted((a, b) => a - b)).toEqual(scheduleMs);
    const days = scheduleMs.reduce((sum, step) => sum + step, 0) / 86_400_000;
    expect(days).toBeGreaterThan(2.8);
    expect(days).toBeLessThan(3.2);
  });
});
