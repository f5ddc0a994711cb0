import { expect, test } from "vitest";
import { median, pairedRatio, percentile, spread } from "../../../bench/ingest/figures.mjs";
import { planFaults, planSends } from "../../../proof/kill-flood/plan.mjs";

test("medians and percentiles are those of the textbook", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  const sorted = Array.from({ length: 200 }, (_, i) => i + 1);
  expect([50, 99, 100].map((p) => percentile(sorted, p))).toEqual([100, 198, 200]);
  expect(percentile([7], 1)).toBe(7);
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
});

test("a ratio compares rounds that ran next to each other, so a slow minute on both sides changes nothing", () => {
  const ours = [{ ratePerSec: 50 }, { ratePerSec: 5 }, { ratePerSec: 60 }];
  const theirs = [{ ratePerSec: 100 }, { ratePerSec: 10 }, { ratePerSec: 100 }];
  expect(pairedRatio(ours, theirs)).toEqual({ median: 0.5, lowest: 0.5, highest: 0.6 });
});

test("a plan is decided by its seed, sends every event and kills as often as it was asked to", () => {
  const run = { seed: 5, events: 1_000, kills: 20, databaseKills: 5 };
  const sends = planSends(run);
  expect(planSends(run)).toEqual(sends);
  expect(planSends({ ...run, seed: 6 })).not.toEqual(sends);
  const genuine = sends.filter((send) => !send.forged);
  expect(new Set(genuine.map((send) => send.event)).size).toBe(run.events);
  const duplicates = genuine.length - run.events;
  expect(duplicates).toBeGreaterThan(60);
  expect(duplicates).toBeLessThan(140);

  const faults = planFaults(run);
  const gateway = faults.filter((fault) => fault.target === "gateway");
  expect(gateway.length + gateway.filter((fault) => fault.againMs !== null).length).toBe(run.kills);
  expect(faults.length - gateway.length).toBe(run.databaseKills);
  const shares = faults.map((fault) => fault.atProgress);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.every((share) => share > 0 && share < 0.9)).toBe(true);
});
