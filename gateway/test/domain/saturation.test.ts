import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PRIORITIES } from "../../src/domain/priority.ts";
import type { Level, Readings, Saturation, Thresholds } from "../../src/domain/saturation.ts";
import {
  CALM_MS,
  EASE,
  SIGNALS,
  advance,
  assess,
  calm,
  spreadRetryAfterSec,
  treat,
} from "../../src/domain/saturation.ts";

const THRESHOLDS: Thresholds = {
  commits: [100, 200, 300, 400],
  queue: [20, 40, 60, 80],
  loop: [100, 200, 300, 400],
  memory: [70, 80, 90, 95],
  disk: [400, 300, 200, 100],
  oldest_ready: [100, 200, 300, 400],
  depth: [100, 200, 300, 400],
};
const QUIET: Readings = { commits: 0, queue: 0, loop: 0, memory: 0, disk: null, oldestReady: null, depth: null };
const LEVELS: readonly Level[] = [0, 1, 2, 3, 4];
const STRICTNESS = ["accepted", "throttled", "shed"];

const value = fc.integer({ min: 0, max: 500 });
const readings: fc.Arbitrary<Readings> = fc.record({
  commits: value,
  queue: fc.integer({ min: 0, max: 100 }),
  loop: value,
  memory: fc.integer({ min: 0, max: 100 }),
  disk: fc.option(value),
  oldestReady: fc.option(fc.array(value, { minLength: 4, maxLength: 4 })),
  depth: fc.option(value),
});

function step(state: Saturation, seen: Readings, nowMs: number): Saturation {
  return advance(state, assess(seen, THRESHOLDS), assess(seen, THRESHOLDS, EASE), nowMs);
}

describe("what one look asks for", () => {
  it("is never less when a signal gets worse", () => {
    fc.assert(
      fc.property(readings, fc.constantFrom(...SIGNALS), value, (seen, signal, more) => {
        const worse: Readings =
          signal === "disk"
            ? { ...seen, disk: seen.disk === null ? null : Math.max(0, seen.disk - more) }
            : signal === "oldest_ready"
              ? { ...seen, oldestReady: seen.oldestReady?.map((age) => age + more) ?? null }
              : { ...seen, [signal]: (seen[signal] ?? 0) + more };
        expect(assess(worse, THRESHOLDS).level).toBeGreaterThanOrEqual(assess(seen, THRESHOLDS).level);
      }),
    );
  });

  it("names the signal that is over the threshold of just this level", () => {
    fc.assert(
      fc.property(readings, (seen) => {
        const { level, cause } = assess(seen, THRESHOLDS);
        expect(cause === null).toBe(level === 0);
        if (cause === null) return;
        expect(cause.threshold).toBe(THRESHOLDS[cause.signal][level - 1]);
        if (cause.signal === "disk") expect(cause.value).toBeLessThanOrEqual(cause.threshold);
        else expect(cause.value).toBeGreaterThanOrEqual(cause.threshold);
      }),
    );
  });

  it("refuses no class because deliveries of a less urgent one are old", () => {
    const oldest = (ages: readonly number[]) => assess({ ...QUIET, oldestReady: ages }, THRESHOLDS).level;
    expect([oldest([0, 0, 0, 999]), oldest([0, 0, 999, 0]), oldest([0, 999, 0, 0]), oldest([999, 0, 0, 0])]).toEqual([
      2, 3, 4, 4,
    ]);
  });
});

describe("the level over time", () => {
  it("is at once at least what is asked for, and falls by one step at most", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(readings, fc.integer({ min: 1, max: 9_000 })), { maxLength: 40 }), (looks) => {
        let state = calm(0);
        let nowMs = 0;
        for (const [seen, passedMs] of looks) {
          nowMs += passedMs;
          const next = step(state, seen, nowMs);
          expect(next.level).toBeGreaterThanOrEqual(assess(seen, THRESHOLDS).level);
          expect(next.level).toBeGreaterThanOrEqual(state.level - 1);
          if (next.level < state.level) expect(nowMs - state.calmSinceMs!).toBeGreaterThanOrEqual(CALM_MS);
          expect(next.share).toBeGreaterThanOrEqual(0.1);
          expect(next.share).toBeLessThanOrEqual(1);
          expect(next.cause === null).toBe(next.level === 0);
          state = next;
        }
      }),
    );
  });

  it("does not move while a signal dances between the threshold and four fifths of it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 81, max: 199 }), { minLength: 1, maxLength: 200 }), (values) => {
        let state = step(calm(0), { ...QUIET, commits: 150 }, 1);
        values.forEach((commits, i) => {
          state = step(state, { ...QUIET, commits }, 100 + i * 400);
        });
        expect([state.level, state.sinceMs]).toEqual([1, 1]);
      }),
    );
  });

  it("is back at nothing refused when it has been quiet for long enough, from wherever", () => {
    fc.assert(
      fc.property(readings, (seen) => {
        let state = step(calm(0), seen, 1);
        for (let i = 1; i <= 60; i++) state = step(state, QUIET, i * 500);
        expect(state).toMatchObject({ level: 0, cause: null, share: 1 });
      }),
    );
  });

  it("halves the share of the throttled while it is pressed, and gives it back when it is calm", () => {
    let state = step(calm(0), { ...QUIET, queue: 25 }, 0);
    expect(state.share).toBe(0.5);
    state = step(state, { ...QUIET, queue: 25 }, 500);
    expect(state.share).toBe(0.25);
    state = step(state, QUIET, 900);
    expect(state.share).toBeCloseTo(0.45);
  });

  it("gives the share back while a signal stays between four fifths of the threshold and the threshold", () => {
    let state = step(calm(0), { ...QUIET, commits: 150 }, 0);
    for (let ms = 500; ms <= 3_000; ms += 500) state = step(state, { ...QUIET, commits: 150 }, ms);
    expect(state).toMatchObject({ level: 1, share: 0.1 });
    state = step(state, { ...QUIET, commits: 90 }, 4_000);
    expect(state.share).toBeCloseTo(0.6);
    for (let ms = 5_000; ms <= 9_000; ms += 500) state = step(state, { ...QUIET, commits: 90 }, ms);
    expect(state).toMatchObject({ level: 1, sinceMs: 0, share: 1 });
    state = step(state, { ...QUIET, commits: 150 }, 9_500);
    expect(state).toMatchObject({ level: 1, share: 0.5 });
  });

  it("gives the share back at the level that it has fallen to, too", () => {
    let state = step(calm(0), { ...QUIET, commits: 250 }, 0);
    for (let ms = 500; ms <= 3_000; ms += 500) state = step(state, { ...QUIET, commits: 90 }, ms);
    expect(state.level).toBe(1);
    for (let ms = 3_500; ms <= 6_000; ms += 500) state = step(state, { ...QUIET, commits: 90 }, ms);
    expect(state).toMatchObject({ level: 1, share: 1 });
  });
});

describe("what a level does to the classes", () => {
  it("accepts critical at every level, and treats nobody more strictly than the less urgent", () => {
    for (const level of LEVELS) {
      expect(treat(level, "critical")).toBe("accepted");
      const strictness = PRIORITIES.map((priority) => STRICTNESS.indexOf(treat(level, priority)));
      expect(strictness).toEqual(strictness.toSorted((a, b) => a - b));
    }
  });

  it("is what the documentation says", () => {
    expect(LEVELS.map((level) => PRIORITIES.map((priority) => treat(level, priority)))).toEqual([
      ["accepted", "accepted", "accepted", "accepted"],
      ["accepted", "accepted", "throttled", "throttled"],
      ["accepted", "accepted", "throttled", "shed"],
      ["accepted", "throttled", "shed", "shed"],
      ["accepted", "shed", "shed", "shed"],
    ]);
  });
});

it("asks those that were refused together to come back apart, and later the higher the level is", () => {
  for (const level of [1, 2, 3, 4] as const) {
    const waits = new Set(Array.from({ length: 100 }, (_, i) => spreadRetryAfterSec(level, i / 100)));
    expect(waits.size).toBeGreaterThanOrEqual(10);
    expect(Math.min(...waits)).toBe(5 * 2 ** (level - 1));
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * 2 ** (level - 1));
  }
});
