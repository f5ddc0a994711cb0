// Several runs as one report: false beats unknown beats true, and counts of one name add up.
import { makeReport } from "./make-report.mjs";

/** @import { Report } from "./report.d.ts" */

/**
 * @param {string} proof
 * @param {readonly Report[]} reports
 * @param {string} repeat what to type to repeat them all
 * @returns {Report}
 */
export function mergeReports(proof, reports, repeat) {
  const verdicts = reports.map(({ verdict }) => verdict);
  return makeReport({
    proof,
    about: reports.map(({ about }) => about).join(" "),
    repeat,
    seeds: [...new Set(reports.flatMap(({ seeds }) => seeds))],
    verdict: ["false", "unknown"].find((one) => verdicts.includes(one)) ?? "true",
    reasons: reports.flatMap((report) => report.reasons.map((reason) => `${report.proof}: ${reason}`)),
    faults: addUp(reports.map(({ faults }) => faults)),
    counts: addUp(reports.map(({ counts }) => counts)),
    rules: mergeRules(reports),
    bars: reports.flatMap(({ bars }) => bars),
    recoveryMs: Object.assign({}, ...reports.map(({ recoveryMs }) => recoveryMs)),
    tables: reports.flatMap(({ tables = [] }) => tables),
    notTried: reports.flatMap(({ notTried = [] }) => notTried),
    machine: reports[0].machine,
    details: Object.fromEntries(reports.map((report) => [report.proof, report.details])),
  });
}

function addUp(records) {
  const sums = {};
  for (const record of records)
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

function mergeRules(reports) {
  const byName = new Map();
  for (const { rules } of reports) {
    for (const { id, name, broken, examples } of rules) {
      const sum = byName.get(name);
      if (sum === undefined) byName.set(name, { id, name, broken, examples });
      else
        byName.set(name, { ...sum, broken: sum.broken + broken, examples: [...sum.examples, ...examples].slice(0, 5) });
    }
  }
  return [...byName.values()];
}
