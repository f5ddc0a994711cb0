// The sum of a release run's rounds, as one report. A round that saw too little or did not come to its end is told of, and
// nothing that it did is counted.
import { formatCount } from "../report/format.mjs";
import { summarize } from "../report/make-report.mjs";
import { measureProgress } from "./target.mjs";

/** @import { Round } from "./state.mjs" */
/** @import { Target } from "./target.mjs" */

const DATABASE_CRASHES = ["database SIGKILL", "database SIGQUIT", "database backend"];

/**
 * @param {readonly Round[]} rounds
 * @param {Target} target
 * @param {string} folder of the state, as it is typed
 * @returns {{ findings: import("../report/report.d.ts").Findings, isReached: boolean }}
 */
export function sumRounds(rounds, target, folder) {
  const counted = rounds.filter(({ fault, verdict }) => fault === null && verdict === "true");
  const broken = rounds.filter(({ verdict }) => verdict === "false");
  const judged = [...counted, ...broken];
  const faults = sumOf(judged.map((round) => round.faults));
  const notTried = [...new Set(judged.flatMap((round) => round.notTried))];
  const crashes = DATABASE_CRASHES.reduce((sum, name) => sum + (faults[name] ?? 0), 0);
  const counts = {
    rounds: judged.length,
    roundsNotCounted: rounds.length - judged.length,
    kills: faults["gateway SIGKILL"] ?? 0,
    databaseCrashes: crashes,
    ...sumOf(judged.map((round) => round.counts)),
    powerCuts: faults["disk power"] ?? 0,
  };
  const canCutPower = !notTried.some((text) => text.startsWith("disk power"));
  const progress = measureProgress(counts, target, canCutPower);
  const missing = progress.filter(({ reached, of }) => reached < of);
  return {
    isReached: missing.length === 0,
    findings: {
      proof: "release",
      about: `${judged.length} rounds of one seed each: a flood of signed events while the gateway, its database and by turns the world around them are struck. Each round is judged by itself; these are the sums.`,
      repeat: `npm run proof -- release --state ${folder}`,
      seeds: judged.map(({ seed }) => seed),
      verdict: broken.length > 0 ? "false" : missing.length > 0 ? "unknown" : "true",
      reasons: [
        ...broken.flatMap(({ seed, reasons }) => reasons.map((reason) => `seed ${seed}: ${reason}`)),
        ...missing.map(
          ({ name, reached, of }) => `not reached yet: ${formatCount(reached)} of ${formatCount(of)} ${name}`,
        ),
      ],
      faults,
      counts,
      rules: sumRules(judged),
      bars: [],
      recoveryMs: Object.fromEntries(Object.entries(gather(judged)).map(([name, times]) => [name, summarize(times)])),
      tables: [progressTable(progress), ...untrueTable(rounds)],
      notTried,
      details: {
        commits: [...new Set(judged.map(({ commit }) => commit))],
        tookMs: rounds.reduce((sum, { tookMs }) => sum + tookMs, 0),
        target,
      },
    },
  };
}

function progressTable(progress) {
  const rows = progress.map(({ name, reached, of }) => [
    name,
    formatCount(reached),
    formatCount(of),
    `${Math.min(100, Math.floor((reached / of) * 100))} %`,
  ]);
  return { title: "How far it is", rows: [["what", "reached", "target", "share"], ...rows] };
}

// What did not count is shown one by one, so that nobody has to take it on trust.
function untrueTable(rounds) {
  const untrue = rounds.filter(({ verdict }) => verdict !== "true");
  if (untrue.length === 0) return [];
  const rows = untrue.map(({ seed, verdict, fault, reasons }) => [
    `seed ${seed}`,
    verdict,
    fault ?? reasons.join("; "),
  ]);
  return [{ title: "Rounds that are not true", rows: [["round", "verdict", "why"], ...rows] }];
}

function sumOf(records) {
  const sums = {};
  for (const record of records)
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

function sumRules(rounds) {
  const byName = new Map();
  for (const { seed, rules } of rounds) {
    for (const { id, name, broken, examples } of rules) {
      const sum = byName.get(name) ?? { id, name, broken: 0, examples: [] };
      sum.broken += broken;
      sum.examples.push(...examples.map((example) => `seed ${seed}: ${example}`));
      byName.set(name, sum);
    }
  }
  return [...byName.values()].map((rule) => ({ ...rule, examples: rule.examples.slice(0, 5) }));
}

function gather(rounds) {
  const all = {};
  for (const { recoveries } of rounds)
    for (const [name, times] of Object.entries(recoveries)) (all[name] ??= []).push(...times);
  return all;
}
