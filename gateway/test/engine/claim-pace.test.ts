import { afterEach, expect, it, vi } from "vitest";
import { createClaimPace } from "../../src/engine/claim-pace.ts";
import { eachInBites } from "../../src/engine/in-bites.ts";
import { silentLog } from "../../src/platform/log.ts";

afterEach(() => void vi.useRealTimers());

function openPace() {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let nowMs = 0;
  const state = { woken: 0 };
  const asked: { few: number; end: () => void }[] = [];
  const pace = createClaimPace({
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    log: silentLog,
    wake: () => void state.woken++,
    claimFew: (few) => new Promise<void>((end) => asked.push({ few, end })),
  });
  const take = (free: number, size = 64): number => pace.take({ size, free, ahead: 0, urgent: free });
  return { pace, take, asked, state, pass: (ms: number) => (nowMs += ms) };
}

it("takes whatever is free, and a few of them at most every five milliseconds", () => {
  const { take, state, pass } = openPace();
  expect([take(64), take(0), take(16), take(15)]).toEqual([64, 0, 16, 0]);
  vi.runAllTimers();
  expect(state.woken).toBe(1);
  pass(5);
  expect(take(15)).toBe(15);
});

it("keeps a sixteenth of the slots for a second after a quiet lane came, and says that they are shared", () => {
  const { pace, take, pass } = openPace();
  expect(take(64)).toBe(64);
  expect(pace.isShared()).toBe(false);
  pace.come(1);
  pass(5);
  expect([take(64), take(20), take(4)]).toEqual([60, 16, 0]);
  expect(pace.isShared()).toBe(true);
  pass(995);
  expect(pace.isShared()).toBe(false);
  expect(take(64)).toBe(64);
});

it("claims at once for a quiet lane, as many as came, and once more for those that came meanwhile", async () => {
  const { pace, take, asked } = openPace();
  take(64);
  pace.come(1);
  for (let i = 0; i < 3; i++) pace.come(2);
  expect(asked.map(({ few }) => few)).toEqual([1]);
  asked[0]!.end();
  await vi.waitFor(() => expect(asked.map(({ few }) => few)).toEqual([1, 4]));
  const stopped = pace.stop();
  pace.come(1);
  asked[1]!.end();
  await stopped;
  expect(asked).toHaveLength(2);
});

it("waits for fifty milliseconds after a claim that brought mostly what may not be tried, but not with a quiet lane's", () => {
  const { pace, take, asked, state, pass } = openPace();
  expect(take(64)).toBe(64);
  pace.note({ claimed: 64, stopped: 32 });
  pass(5);
  expect(take(64)).toBe(64);
  pace.note({ claimed: 64, stopped: 33 });
  pass(49);
  expect(take(64)).toBe(0);
  pace.come(1);
  expect(asked.map(({ few }) => few)).toEqual([1]);
  vi.runAllTimers();
  expect(state.woken).toBe(1);
  // What the quick claim brought does not make the worker's own wait longer.
  pace.note({ claimed: 1, stopped: 1 });
  pass(1);
  expect(take(64)).toBe(60);
});

it("holds nothing back while most of what is claimed is of quiet lanes: then nobody floods", () => {
  const { pace, take, asked, pass } = openPace();
  take(64);
  pace.note({ claimed: 400, stopped: 0 });
  pass(1_000);
  pace.come(100);
  expect([take(64), asked.length]).toEqual([60, 1]);
  pace.note({ claimed: 300, stopped: 0 });
  pass(1_000);
  pace.come(100);
  expect([take(64), pace.isShared(), asked.length]).toEqual([64, false, 1]);
});

it("a worker with few slots keeps none of them", () => {
  const { pace, take, asked, pass } = openPace();
  expect(take(8, 8)).toBe(8);
  pace.come(1);
  pass(5);
  expect(take(8, 8)).toBe(8);
  expect(asked).toHaveLength(0);
});

it("lets the event loop turn between bites of many, each in its order", async () => {
  const seen: (number | "turn")[] = [];
  await new Promise<void>((resolve) => {
    eachInBites(
      Array.from({ length: 9 }, (_, i) => i),
      (one, i) => {
        seen.push(one === i ? one : -1);
        if (i === 8) resolve();
      },
    );
    seen.push("turn");
  });
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, "turn", 8]);
});
