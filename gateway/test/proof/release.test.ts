import { execFile, spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openState } from "../../../proof/release/state.mjs";
import { sumRounds } from "../../../proof/release/sum-rounds.mjs";
import { RELEASE, planRound } from "../../../proof/release/target.mjs";
import type { Report } from "../../../proof/report/report.d.ts";
import { testFolder } from "../support/folder.ts";

const PROOF = fileURLToPath(new URL("../../../proof/run.mjs", import.meta.url));
const SMALL = ["--acks", "200", "--kills", "2", "--database-crashes", "2", "--power-cuts", "0", "--seeds", "2"];

const roundOf = (seed: number, change: object = {}) => ({
  seed,
  at: "2026-11-22T00:00:00.000Z",
  tookMs: 1_000,
  fault: null,
  verdict: "true" as const,
  reasons: [],
  faults: { "gateway SIGKILL": 3, "database backend": 1, "disk power": 1 },
  counts: { acked: 500, arrivals: 510, redeliveries: 10 },
  recoveries: { "gateway SIGKILL": [seed, 2 * seed] },
  rules: [{ id: "L1", name: "acked and lost", broken: 0, examples: [] }],
  notTried: [],
  commit: "abc",
  ...change,
});

function runRelease(state: string): Promise<{ code: number; report: Report; told: string }> {
  return new Promise((resolve) => {
    const args = [PROOF, "--release", "--state", state, ...SMALL, "--json"];
    execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (error, stdout, told) => {
      resolve({ code: error === null ? 0 : Number(error.code), report: JSON.parse(stdout) as Report, told });
    });
  });
}

test(
  "a release run that is killed goes on with the next seed, leaves nothing of the broken round behind, and ends by itself at its target",
  { timeout: 600_000 },
  async () => {
    const state = testFolder();
    const [rounds, underWay] = [join(state, "rounds.ndjson"), join(state, "under-way.json")];
    const first = spawn(process.execPath, [PROOF, "--release", "--state", state, ...SMALL], { stdio: "ignore" });
    const ended = new Promise((resolve) => first.once("exit", resolve));
    await expect.poll(() => existsSync(rounds) && existsSync(underWay), { timeout: 300_000 }).toBe(true);
    const left = JSON.parse(readFileSync(underWay, "utf8")) as { pid: number; folder: string };
    first.kill("SIGKILL");
    process.kill(left.pid, "SIGKILL");
    await ended;
    const kept = readFileSync(rounds, "utf8");
    const { code, report, told } = await runRelease(state);
    expect({ told, reasons: report.reasons }).toMatchObject({ reasons: [] });
    expect({ code, verdict: report.verdict, seeds: report.seeds }).toEqual({ code: 0, verdict: "true", seeds: [1, 2] });
    expect(readFileSync(rounds, "utf8").startsWith(kept)).toBe(true);
    expect(existsSync(left.folder)).toBe(false);
    expect(report.lossBound95).toBeCloseTo(3 / report.counts["acked"]!);
    for (const name of ["release.json", "release.html"]) expect(existsSync(join(state, name))).toBe(true);
  },
);

test("half a line at the end of the rounds is a round that is done again", () => {
  const folder = testFolder();
  openState(folder).add(roundOf(1));
  appendFileSync(join(folder, "rounds.ndjson"), '{"seed":2,"at":"20');
  openState(folder).add(roundOf(2));
  expect(openState(folder).rounds.map(({ seed }) => seed)).toEqual([1, 2]);
});

test("only rounds that are true count towards the target, and one that is false ends it", () => {
  const target = { acks: 1_000, kills: 6, databaseCrashes: 2, powerCuts: 2, seeds: 2 };
  const unknown = roundOf(2, { verdict: "unknown", reasons: ["not seen enough"] });
  const short = sumRounds([roundOf(1), unknown], target, "state");
  expect(short).toMatchObject({
    isReached: false,
    findings: { verdict: "unknown", counts: { acked: 500, rounds: 1 } },
  });
  const whole = sumRounds([roundOf(1), unknown, roundOf(3)], target, "state");
  expect(whole).toMatchObject({
    isReached: true,
    findings: { verdict: "true", seeds: [1, 3], faults: { "disk power": 2 } },
  });
  expect(whole.findings.recoveryMs["gateway SIGKILL"]).toMatchObject({ count: 4, highest: 6 });
  const rules = [{ id: "L1", name: "acked and lost", broken: 1, examples: ["evt_1"] }];
  const broken = roundOf(4, { verdict: "false", reasons: ["L1, acked and lost"], rules });
  const { findings } = sumRounds([roundOf(1), roundOf(3), broken], target, "state");
  expect(findings).toMatchObject({ verdict: "false", reasons: ["seed 4: L1, acked and lost"] });
});

test("the rounds of a release reach its target with its number of seeds", () => {
  const plans = Array.from({ length: RELEASE.seeds }, (_, i) => planRound(i + 1, RELEASE));
  const sum = (pick: (plan: ReturnType<typeof planRound>) => number) =>
    plans.reduce((all, plan) => all + pick(plan), 0);
  expect(sum(({ events }) => events)).toBeGreaterThan(RELEASE.acks);
  expect(sum(({ databaseKills }) => databaseKills)).toBeGreaterThanOrEqual(RELEASE.databaseCrashes);
  expect(sum(({ worldRounds }) => worldRounds)).toBeGreaterThanOrEqual(RELEASE.powerCuts);
  // Which of the mixed faults are kills, the seed decides; the others are enough without them.
  expect(sum(({ kills, isMixed }) => (isMixed ? 0 : kills))).toBeGreaterThanOrEqual(RELEASE.kills);
  expect(planRound(17, RELEASE)).toEqual(planRound(17, RELEASE));
});
