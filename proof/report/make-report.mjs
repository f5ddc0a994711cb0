// The report of a run: what every proof says in the same words, for machines and people.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median, percentile } from "../../bench/ingest/figures.mjs";
import { describeMachine } from "../../bench/machine.mjs";

/** @import { Findings, JudgedRule, Report, Times } from "./report.d.ts" */

/** What a fault driver notes when it has struck. */
const STRUCK = new Set(["killed", "frozen", "struck"]);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @param {Findings} findings
 * @returns {Report}
 */
export function makeReport(findings) {
  const { acked = 0, arrivals = 0, redeliveries = 0 } = findings.counts;
  const lost = findings.rules.some(({ id, broken }) => id === "L1" && broken > 0);
  return {
    format: "holdfast-proof-1",
    proof: findings.proof,
    at: new Date().toISOString(),
    commit: readCommit(),
    ...findings,
    machine: findings.machine ?? describeMachine(),
    duplicateRate: arrivals > 0 ? redeliveries / arrivals : null,
    lossBound95: acked > 0 && !lost ? 3 / acked : null,
  };
}

/**
 * Times in the report's form.
 *
 * @param {readonly number[]} times in ms
 * @returns {Times | null} null when there are none
 */
export function summarize(times) {
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    median: Math.round(median(sorted)),
    p95: Math.round(percentile(sorted, 95)),
    highest: Math.round(sorted.at(-1)),
  };
}

/**
 * The recoveries of a fault driver's log, by what was struck and how: "gateway SIGKILL" and so on.
 *
 * @param {readonly any[]} nemesis
 * @returns {Record<string, number[]>} in ms
 */
export function listRecoveries(nemesis) {
  const found = {};
  const last = {};
  for (const { kind, target, how, afterMs } of nemesis) {
    if (STRUCK.has(kind)) last[target] = how ?? "SIGKILL";
    // One that does not say how was struck as its target was last.
    if (kind === "recovered") (found[`${target} ${how ?? last[target]}`] ??= []).push(afterMs);
  }
  return found;
}

/**
 * How often what was injected, by a fault driver's log.
 *
 * @param {readonly any[]} nemesis
 * @returns {Record<string, number>}
 */
export function countFaults(nemesis) {
  const counts = {};
  for (const { kind, target, how = "SIGKILL" } of nemesis) {
    if (!STRUCK.has(kind)) continue;
    const name = `${target} ${how}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/**
 * What the machine could not do, each with the reason, by a fault driver's log.
 *
 * @param {readonly any[]} nemesis
 */
export function listUntried(nemesis) {
  const skipped = nemesis.filter(({ kind }) => kind === "skipped");
  return [...new Set(skipped.map(({ target, how, why }) => `${target} ${how}: ${why}`))];
}

/**
 * The reasons of a verdict: the rules that are broken with their first offender, and what was not seen enough.
 *
 * @param {readonly JudgedRule[]} rules
 * @param {readonly string[]} unseen
 */
export function giveReasons(rules, unseen) {
  return [
    ...rules
      .filter(({ broken }) => broken > 0)
      .map(({ id, name, broken, examples }) => `${id === null ? "" : `${id}, `}${name}: ${broken} (${examples[0]})`),
    ...unseen.map((text) => `not seen enough: ${text}`),
  ];
}

/** holds, broken and unknown of a check in the words of a report. */
export const verdictOf = { holds: "true", broken: "false", unknown: "unknown" };

function readCommit() {
  const git = (...args) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const isChanged =
      git("status", "--porcelain", "--untracked-files=no", "--", "gateway", "verify", "client").trim() !== "";
    return `${git("rev-parse", "--short=12", "HEAD").trim()}${isChanged ? "+" : ""}`;
  } catch {
    return null;
  }
}
