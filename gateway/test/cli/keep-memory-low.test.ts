import { execFileSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { heapGrowth, keepMemoryLow, REQUESTS_STAY_YOUNG } from "../../src/cli/keep-memory-low.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("memory is given back after a burst, twice, and not while the process works or stays idle", () => {
  vi.useFakeTimers();
  let busyUs = 0;
  vi.spyOn(process, "cpuUsage").mockImplementation((since) => ({ user: busyUs - (since?.user ?? 0), system: 0 }));
  const collect = vi.fn();
  const stop = keepMemoryLow(collect);
  const look = (workUs: number): number => {
    busyUs += workUs;
    vi.advanceTimersByTime(10_000);
    return collect.mock.calls.length;
  };
  expect([look(0), look(0)]).toEqual([0, 0]);
  expect([look(9_000_000), look(9_000_000)]).toEqual([0, 0]);
  expect([look(10_000), look(10_000), look(10_000), look(10_000)]).toEqual([1, 2, 2, 2]);
  expect([look(9_000_000), look(0)]).toEqual([2, 3]);
  // The second of the two, and then small bursts that come to eight seconds of work together.
  expect([look(0), look(3_000_000), look(0), look(3_000_000), look(0)]).toEqual([4, 4, 4, 4, 4]);
  expect([look(3_000_000), look(0), look(0), look(0)]).toEqual([4, 5, 6, 6]);
  stop();
  expect(look(0)).toBe(6);
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
