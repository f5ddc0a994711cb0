import { describe, expect, it } from "vitest";
import type { Breaker } from "../../src/domain/breaker.ts";
import { PROBE_MS, isFailing, moveBreaker } from "../../src/domain/breaker.ts";

const start = new Date("2026-11-21T12:00:00Z");
const later = (ms: number): Date => new Date(start.getTime() + ms);
const none = { succeeded: 0, failed: 0 };
const closed: Breaker = {
  state: "closed",
  since: null,
  concurrency: null,
  probeAt: null,
  roundSucceeded: 0,
  roundFailed: 0,
};
const opened = moveBreaker(closed, { succeeded: 3, failed: 7 }, true, start);

describe("a breaker", () => {
  it("opens at 70 % failures of 10 attempts, and not at fewer of either", () => {
    expect(moveBreaker(closed, { succeeded: 3, failed: 7 }, true, start)).toEqual(opened);
    expect(opened).toMatchObject({ state: "open", since: start, probeAt: later(PROBE_MS) });
    expect(isFailing({ succeeded: 3, failed: 7 })).toBe(true);
    expect(isFailing({ succeeded: 0, failed: 9 })).toBe(false);
    expect(isFailing({ succeeded: 31, failed: 69 })).toBe(false);
    expect(isFailing({ succeeded: 30, failed: 70 })).toBe(true);
    expect(moveBreaker(closed, { succeeded: 4, failed: 6 }, true, start)).toBe(closed);
  });

  it("stays open when its probe fails, and recovers when one succeeds", () => {
    const failed = moveBreaker({ ...opened, roundFailed: 1 }, none, true, later(31_000));
    expect(failed).toEqual(opened);
    expect(moveBreaker(opened, none, true, later(999_000))).toBe(opened);
    const recovering = moveBreaker({ ...opened, roundSucceeded: 1 }, none, true, later(31_000));
    expect(recovering).toMatchObject({ state: "recovering", concurrency: 2, probeAt: null, roundSucceeded: 0 });
  });

  it("lets out twice as many each round that goes well, until it is closed", () => {
    let breaker = moveBreaker({ ...opened, roundSucceeded: 1 }, none, true, start);
    const sizes: (number | null)[] = [];
    while (breaker.state === "recovering") {
      sizes.push(breaker.concurrency);
      expect(moveBreaker(breaker, none, true, start)).toBe(breaker);
      breaker = moveBreaker({ ...breaker, roundSucceeded: breaker.concurrency! }, none, true, start);
    }
    expect(sizes).toEqual([2, 4, 8, 16, 32, 64]);
    expect(breaker).toMatchObject({ state: "closed", concurrency: null });
  });

  it("opens again as soon as a round cannot go well any more", () => {
    const recovering: Breaker = { ...opened, state: "recovering", concurrency: 8, probeAt: null };
    expect(moveBreaker({ ...recovering, roundFailed: 5 }, none, true, start)).toMatchObject({ state: "recovering" });
    expect(moveBreaker({ ...recovering, roundFailed: 6 }, none, true, later(5))).toMatchObject({
      state: "open",
      probeAt: later(5 + PROBE_MS),
    });
  });

  it("counts a round by all its attempts, and remembers since when it recovers", () => {
    const recovering: Breaker = { ...opened, state: "recovering", concurrency: 8, probeAt: null };
    const mixed = { ...recovering, roundSucceeded: 6, roundFailed: 2 };
    expect(moveBreaker(mixed, none, true, later(9))).toMatchObject({ concurrency: 16, since: start, roundFailed: 0 });
    const unfinished = { ...recovering, roundSucceeded: 5, roundFailed: 2 };
    expect(moveBreaker(unfinished, none, true, later(9))).toBe(unfinished);
  });

  it("closes at once when nothing waits behind it: there is no herd to let loose", () => {
    const recovering: Breaker = { ...opened, state: "recovering", concurrency: 2, probeAt: null };
    expect(moveBreaker(recovering, none, false, start)).toMatchObject({ state: "closed" });
    expect(moveBreaker(opened, none, false, start)).toBe(opened);
  });
});
