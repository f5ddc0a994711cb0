import { afterEach, expect, it, vi } from "vitest";
import { createClaimPace } from "../../src/engine/claim-pace.ts";
import { eachInBites } from "../../src/engine/in-bites.ts";
import { silentLog } from "../../src/platform/log.ts";

afterEach(() => void vi.useRealTimers());

function openPace() {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let nowMs = 0;
  const state = { isClaiming: false, woken: 0 };
  const asked: { few: number; end: () => void }[] = [];
  const pace = createClaimPace({
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    log: silentLog,
    wake: () => void state.woken++,
    isClaiming: () => state.isClaiming,
    claimFew: (few) => new Promise<void>((end) => asked.push({ few, end })),
  });
  const take = (free: number, young = 0, size = 64): number => pace.take({ size, free, young });
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

it("keeps a sixteenth of the slots for a second after a quiet lane came, and leaves half to attempts that have just begun", () => {
  const { pace, take, pass } = openPace();
  expect(take(64)).toBe(64);
  pace.come(1);
  pass(5);
  expect([take(64), take(64, 10), take(32, 0), take(20, 0)]).toEqual([32, 22, 28, 16]);
  expect([take(64, 32), take(4)]).toEqual([0, 0]);
  pass(995);
  expect(take(64, 32)).toBe(64);
});

it("claims a few at once for a quiet lane while the worker's own claim must wait, and once more for those that came meanwhile", async () => {
  const { pace, take, asked, state, pass } = openPace();
  take(64);
  pass(5);
  pace.come(1);
  expect(asked).toHaveLength(0);
  state.isClaiming = true;
  for (let i = 0; i < 3; i++) pace.come(1);
  expect(asked.map(({ few }) => few)).toEqual([4]);
  asked[0]!.end();
  await vi.waitFor(() => expect(asked.map(({ few }) => few)).toEqual([4, 4]));
  const stopped = pace.stop();
  pace.come(1);
  asked[1]!.end();
  await stopped;
  expect(asked).toHaveLength(2);
});

it("holds nothing back while most of what is claimed is of quiet lanes: then nobody floods", () => {
  const { pace, take, asked, state, pass } = openPace();
  take(64);
  pass(5);
  pace.come(100);
  pace.note(300);
  pass(1_000);
  expect(take(64)).toBe(64);
  pass(5);
  state.isClaiming = true;
  pace.come(100);
  expect([take(64), asked.length]).toEqual([64, 0]);
  pace.note(400);
  pass(1_000);
  pace.come(1);
  expect([take(64), asked.length]).toEqual([32, 1]);
});

it("a worker with few slots keeps none of them", () => {
  const { pace, take, asked, state, pass } = openPace();
  state.isClaiming = true;
  expect(take(8, 0, 8)).toBe(8);
  pace.come(1);
  pass(5);
  expect(take(8, 8, 8)).toBe(8);
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
