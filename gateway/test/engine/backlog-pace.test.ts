import { afterEach, expect, it, vi } from "vitest";
import { createBacklogPace } from "../../src/engine/backlog-pace.ts";

afterEach(() => void vi.useRealTimers());

/** What is let through in a number of ticks, each so much too late, to one that asks as often as it may. */
function openPace() {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const state = { nowMs: 0, begun: 0 };
  const ask = (): void => {
    while (pace.take()) state.begun++;
  };
  const pace = createBacklogPace({ nowMs: () => state.nowMs, wake: ask });
  const during = (ticks: number, lateMs: number): number => {
    const before = state.begun;
    for (let i = 0; i < ticks; i++) {
      state.nowMs += 5 + lateMs;
      vi.advanceTimersByTime(5);
    }
    return state.begun - before;
  };
  ask();
  return during;
}

it("lets more through with each tick that comes in time", () => {
  const during = openPace();
  const first = during(20, 0);
  expect(first).toBeGreaterThan(180);
  expect(during(20, 0.5)).toBeGreaterThan(first);
});

it("lets fewer through while ticks come late, and always some", () => {
  const during = openPace();
  const inTime = during(20, 0);
  expect(during(20, 4)).toBeLessThan(inTime);
  expect(during(20, 4)).toBe(100);
  expect(during(20, 400)).toBe(100);
});
