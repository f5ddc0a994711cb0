import { expect, it } from "vitest";
import { createRest, sparingly } from "../../src/platform/rest.ts";

function openClock() {
  const state = { nowMs: 1_000 };
  const spend = async (ms: number): Promise<number> => (state.nowMs += ms);
  return { clock: { monotonicMs: () => state.nowMs }, spend };
}

it("rests as many times as long as the work took, five by itself, from its end on, and ten seconds at most", async () => {
  for (const [times, tookMs, restMs] of [
    [3, 20, 60],
    [undefined, 1_000, 5_000],
    [undefined, 2_000, 10_000],
    [undefined, 3_000, 10_000],
  ] as const) {
    const { clock, spend } = openClock();
    const rest = createRest(clock, times);
    expect(rest.leftMs()).toBe(0);
    expect(await rest.during(() => spend(tookMs))).toBe(1_000 + tookMs);
    expect(rest.leftMs()).toBe(restMs);
    await spend(restMs - 1);
    expect(rest.leftMs()).toBe(1);
    await spend(5);
    expect(rest.leftMs()).toBe(0);
  }
});

it("passes on what the work fails with, and does not rest for it: who calls it tries again in its own time", async () => {
  const { clock } = openClock();
  const rest = createRest(clock);
  await expect(rest.during(() => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(rest.leftMs()).toBe(0);
});

it("asks again only when it has rested, and gives the last answer until then; a failure is not one", async () => {
  const { clock, spend } = openClock();
  let asked = 0;
  let isAway = true;
  const ask = sparingly(clock, async () => {
    if (isAway) throw new Error("away");
    await spend(100);
    return ++asked;
  });
  await expect(ask()).rejects.toThrow("away");
  isAway = false;
  expect([await ask(), await ask()]).toEqual([1, 1]);
  await spend(499);
  expect(await ask()).toBe(1);
  await spend(1);
  expect(await ask()).toBe(2);
});
