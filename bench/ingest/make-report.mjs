// The ingest bench's rounds, made into lines, ratios and a plot. Pure but for the machine's description.
import { describeMachine } from "../machine.mjs";
import { findVersions } from "../peers/pinned.mjs";
import { drawBars } from "../plot.mjs";
import { describeRatio, plotNotes } from "../table.mjs";
import { pairedRatio, summarize } from "./figures.mjs";

/** The bars, at 64 connections. Against the recipes the line that queues is held to them too: it does what they do. */
const TARGETS = {
  holdfast: { floor: 0.6, bullmq: 6, "graphile-worker": 12, "pg-boss": 12 },
  "holdfast+queued": { floor: null, bullmq: 6, "graphile-worker": 12, "pg-boss": 12 },
};
/** The p99 of answers at half of the maximum, at most so many times the floor's at half of its own. */
const P99_TIMES_FLOOR = 3;

/**
 * @param {{ closed: readonly any[], open: readonly any[] }} measured rounds
 * @param {any} plan as run-ingest makes it
 */
export function makeReport({ closed, open }, plan) {
  const { versions, faults } = findVersions();
  return {
    bench: "ingest",
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions,
    quick: plan.quick,
    roundMs: plan.durationMs,
    contenders: plan.legend,
    missing: plan.missing,
    lines: linesOf(closed),
    openLines: linesOf(open),
    ratios: plan.levels.flatMap(({ connections }) => closedRatios(closed, connections)),
    openRatios: openRatios(open),
    faults: [...faults, ...faultsOf(closed), ...faultsOf(open)],
    rounds: closed,
    openRounds: open,
  };
}

function linesOf(rounds) {
  const keyOf = (round) => `${round.contender} ${round.connections}`;
  return [...new Set(rounds.map(keyOf))].map((key) => {
    const own = rounds.filter((round) => keyOf(round) === key);
    const { contender, connections, arrivalsPerSec = null } = own[0];
    return { contender, connections, arrivalsPerSec, ...summarize(own) };
  });
}

function faultsOf(rounds) {
  return rounds.flatMap((round) =>
    Object.entries(round.faults).map(
      ([fault, times]) => `${round.contender}, ${round.connections} connections: ${fault} (${times}×)`,
    ),
  );
}

// A recipe without its queue is held to no bar: it is faster than the thing that it stands for.
function closedRatios(rounds, connections) {
  const of = (name) => rounds.filter((round) => round.contender === name && round.connections === connections);
  return Object.entries(TARGETS).flatMap(([ours, bars]) =>
    Object.entries(bars).flatMap(([name, bar]) => {
      const theirs = [name, `${name} (no queue)`].find((one) => of(one).length > 0);
      if (of(ours).length === 0 || theirs === undefined) return [];
      const ratio = pairedRatio(of(ours), of(theirs));
      const target = connections === 64 && theirs === name ? bar : null;
      const met = target === null ? null : ratio.median >= target;
      return [{ of: ours, to: theirs, what: `${connections} connections`, connections, ...ratio, target, met }];
    }),
  );
}

function openRatios(rounds) {
  const of = (name) => rounds.filter(({ contender }) => contender === name).map(({ p99Ms }) => ({ ratePerSec: p99Ms }));
  return ["holdfast", "holdfast+queued"].flatMap((ours) =>
    ["floor", "floor at holdfast's rate"].flatMap((floor) => {
      if (of(ours).length === 0 || of(floor).length === 0) return [];
      const ratio = pairedRatio(of(ours), of(floor));
      const target = ours === "holdfast" && floor === "floor" ? P99_TIMES_FLOOR : null;
      const met = target === null ? null : ratio.median <= target;
      return [{ of: ours, to: floor, what: "p99 at half of the maximum", atMost: true, ...ratio, target, met }];
    }),
  );
}

/** @param {ReturnType<typeof makeReport>} report @returns {string} SVG */
export function plotOf(report) {
  return drawBars({
    title: `Requests a second to the answer, ${report.at.slice(0, 10)}, ${report.machine.cores} cores`,
    bars: report.lines.map(({ contender, connections, ratePerSec, lowest, highest }) => ({
      label: `${contender}, ${connections}`,
      contender,
      value: ratePerSec,
      lowest,
      highest,
    })),
    notes: [
      ...[...report.ratios, ...report.openRatios].map(describeRatio),
      ...plotNotes(report, [...report.lines, ...report.openLines]),
    ],
  });
}
