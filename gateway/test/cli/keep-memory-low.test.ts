import { execFileSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { heapGrowth, keepMemoryLow, REQUESTS_STAY_YOUNG } from "../../src/cli/keep-memory-low.ts";

const MIB = 1_048_576;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("memory is given back when the process has fallen quiet, where a burst has left much that nobody needs, and not again before the next", () => {
  vi.useFakeTimers();
  let busyUs = 0;
  vi.spyOn(process, "cpuUsage").mockImplementation((since) => ({ user: busyUs - (since?.user ?? 0), system: 0 }));
  let heldBytes = 40 * MIB;
  const collect = vi.fn(() => {
    heldBytes = 45 * MIB;
  });
  const stop = keepMemoryLow({ heldBytes: () => heldBytes, collect });
  const look = (workUs: number, leftMib = 0): number => {
    busyUs += workUs;
    heldBytes += leftMib * MIB;
    vi.advanceTimersByTime(10_000);
    return collect.mock.calls.length;
  };
  expect([look(0), look(9_000_000, 40), look(0), look(0, 23), look(0)]).toEqual([0, 0, 0, 0, 0]);
  // As much as it is worth, though not while it works.
  expect([look(9_000_000, 1), look(810_000), look(790_000), look(0)]).toEqual([0, 0, 1, 1]);
  expect([look(9_000_000, 63), look(0), look(0, 1), look(0)]).toEqual([1, 1, 2, 2]);
  stop();
  expect(look(0, 100)).toBe(2);
});

test("how much is held that nobody needs is reckoned from the least that a collection has left, whoever asked for it", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  vi.spyOn(process, "cpuUsage").mockReturnValue({ user: 0, system: 0 });
  setFlagsFromString("--expose-gc");
  const collectAll = runInNewContext("gc") as () => void;
  let heldMib = 40;
  const heldBytes = vi.fn(() => heldMib * MIB);
  const collect = vi.fn();
  const stop = keepMemoryLow({ heldBytes, collect });
  const collected = async (mib: number): Promise<void> => {
    heldMib = mib;
    const { length } = heldBytes.mock.calls;
    collectAll();
    // The engine tells of a collection in a later turn.
    while (heldBytes.mock.calls.length === length) await new Promise((next) => setImmediate(next));
  };
  const look = (mib: number): number => {
    heldMib = mib;
    vi.advanceTimersByTime(10_000);
    return collect.mock.calls.length;
  };
  await collected(30);
  expect([look(93), look(94)]).toEqual([0, 1]);
  // Of 94, which it left itself; one in a burst that leaves more than is needed later changes nothing.
  await collected(120);
  expect([look(157), look(158)]).toEqual([1, 2]);
  stop();
});

test("this Node's engine knows the flags that bound how the heap grows and keep requests out of its old part: set at run time, an unknown one would do nothing", () => {
  const known = (flag: string): boolean => {
    try {
      execFileSync(process.execPath, [flag, "--eval", ""], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  const flags = [heapGrowth(0), REQUESTS_STAY_YOUNG, "--heap-growing-pace=50"];
  expect(flags.map(known)).toEqual([true, true, false]);
});

test("the heap may grow by half of what lives in it, by 64 MiB at least, and to three times at most", () => {
  const percents = [10, 40, 64, 100, 128, 500].map((mib) => heapGrowth(mib * 1_048_576).split("=")[1]);
  expect(percents).toEqual(["200", "160", "100", "64", "50", "50"]);
});
