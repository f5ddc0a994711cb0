import { expect, test } from "vitest";
import { formatMs, formatRate } from "../../../proof/report/format.mjs";
import { countFaults, listRecoveries, listUntried, makeReport, summarize } from "../../../proof/report/make-report.mjs";
import { mergeReports } from "../../../proof/report/merge-reports.mjs";
import { toPage } from "../../../proof/report/page.mjs";
import type { Findings } from "../../../proof/report/report.d.ts";
import { toText } from "../../../proof/report/text.mjs";

const found = (change: Partial<Findings> = {}): Findings => ({
  proof: "kill-flood",
  about: "Events & kills.",
  repeat: "npm run proof -- --seed 7",
  seeds: [7],
  verdict: "true",
  reasons: [],
  faults: { "gateway SIGKILL": 2 },
  counts: { acked: 3_000, arrivals: 400, redeliveries: 4 },
  rules: [{ id: "L1", name: "acked and lost", broken: 0, examples: [] }],
  bars: [{ name: "exit code", value: 0, met: true }],
  machine: { node: "v20" },
  recoveryMs: { "gateway SIGKILL": { count: 2, median: 300, p95: 900, highest: 900 } },
  ...change,
});

test("a report bounds the rate of loss by 3/N, and claims no bound when something was lost", () => {
  expect(makeReport(found())).toMatchObject({ format: "holdfast-proof-1", lossBound95: 0.001, duplicateRate: 0.01 });
  const lost = [{ id: "L1", name: "acked and lost", broken: 1, examples: ["evt_1"] }];
  expect(makeReport(found({ verdict: "false", rules: lost })).lossBound95).toBe(null);
});

test("the page is one file without a script or anything fetched, and shows verdict, seeds, rules and offenders as text", () => {
  const rules = [{ id: "S2", name: "ended by a lease that was not the latest", broken: 1, examples: ["<b>dlv_1</b>"] }];
  const page = toPage(makeReport(found({ verdict: "false", reasons: ["S2, dlv_1"], seeds: [7, 8], rules })));
  expect(page).not.toMatch(/<script|src=|href=|url\(|<b>/);
  for (const text of [
    "false: a promise was broken",
    "S2, dlv_1",
    "7, 8",
    "&lt;b&gt;dlv_1&lt;/b&gt;",
    "prefers-color-scheme: dark",
  ])
    expect(page).toContain(text);
});

test("several runs are one report: false beats unknown beats true, and what is counted adds up", () => {
  const [good, unknown, bad] = (["true", "unknown", "false"] as const).map((verdict) => makeReport(found({ verdict })));
  expect(mergeReports("whole", [good!, good!], "again")).toMatchObject({ verdict: "true", counts: { acked: 6_000 } });
  expect(mergeReports("whole", [good!, unknown!], "again").verdict).toBe("unknown");
  expect(mergeReports("whole", [bad!, unknown!], "again").verdict).toBe("false");
});

test("faults, recoveries and what could not be tried are read from the log of faults", () => {
  const log = [
    { kind: "killed", target: "gateway", t: 1 },
    { kind: "recovered", target: "gateway", afterMs: 400, t: 2 },
    { kind: "frozen", target: "gateway", how: "SIGSTOP", t: 3 },
    { kind: "recovered", target: "gateway", afterMs: 50, t: 4 },
    { kind: "skipped", target: "clock", how: "back", why: "no libfaketime", t: 5 },
    { kind: "gateway_ended", code: 1, signal: null, t: 6 },
  ];
  expect(countFaults(log)).toEqual({ "gateway SIGKILL": 1, "gateway SIGSTOP": 1 });
  expect(listRecoveries(log)).toEqual({ "gateway SIGKILL": [400], "gateway SIGSTOP": [50] });
  expect(listUntried(log)).toEqual(["clock back: no libfaketime"]);
  expect(summarize([5, 1, 3])).toEqual({ count: 3, median: 3, p95: 5, highest: 5 });
  expect([formatMs(999), formatMs(1_500), formatRate(0.0123), formatRate(3e-6)]).toEqual([
    "999 ms",
    "1.50 s",
    "1.23 %",
    "3.0 × 10⁻⁶",
  ]);
  expect(toText(makeReport(found()))).toContain("kill-flood: true");
});
