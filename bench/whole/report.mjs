// The whole way's report for the terminal, and its plot.
import { drawBars } from "../plot.mjs";
import { describeLine, describeRatio, micros, percent, plotNotes, table, warnOfOthers, whole } from "../table.mjs";

const HEAD = ["", "rounds", "settled/s", "lowest–highest", "spread", "answered/s", "node µs", "database µs", "others"];
const WAIT_HEAD = ["", "events/s", "p50 ms", "p99 ms", "lowest–highest p99", "p99 from due"];

/** @param {any} report as run-whole makes it */
export function print(report) {
  const warning = warnOfOthers(report.lines.map(({ othersShare }) => othersShare));
  const out = [
    "",
    `The whole way, ${describeLine(report.machine)}`,
    `${whole(report.plan.events)} events as fast as they are answered, until all are settled; medians of rounds, contenders in turn.`,
    "",
    ...table([HEAD, ...report.lines.map(rowOf)]),
    "",
    ...report.ratios.map(describeRatio),
    "",
    `At half of that rate for ${report.plan.seconds} s, constant: from the answer to the first byte of the first attempt`,
    "",
    ...table([WAIT_HEAD, ...report.lines.map(waitRowOf)]),
    "",
    ...report.waits.map(describeWait),
    "",
    ...Object.entries(report.contenders).map(([name, what]) => `  ${name}: ${what}`),
    ...Object.entries(report.missing).map(([name, why]) => `  MISSING ${name}: ${why}`),
    ...(warning === null ? [] : ["", warning]),
    ...(report.faults.length === 0 ? [] : ["", "The run is void:", ...report.faults.map((fault) => `  ${fault}`)]),
  ];
  process.stdout.write(`${out.join("\n")}\n`);
}

function rowOf(line) {
  return [
    line.contender,
    `${line.rounds}`,
    whole(line.ratePerSec),
    `${whole(line.lowest)}–${whole(line.highest)}`,
    percent(line.spread),
    whole(line.answeredPerSec),
    micros(line.nodeCpuMicros),
    micros(line.databaseCpuMicros),
    line.othersShare === null ? "–" : percent(line.othersShare),
  ];
}

function waitRowOf(line) {
  return [
    line.contender,
    whole(line.halfPerSec),
    line.p50Ms.toFixed(1),
    line.p99Ms.toFixed(1),
    `${line.p99LowestMs.toFixed(1)}–${line.p99HighestMs.toFixed(1)}`,
    line.dueP99Ms.toFixed(1),
  ];
}

function describeWait({ what, valueMs, targetMs, met }) {
  return `holdfast, answer to first attempt, ${what}: ${valueMs.toFixed(1)} ms, target at most ${targetMs} ms: ${met ? "met" : "MISSED"}`;
}

/** @param {any} report as run-whole makes it @returns {string} SVG */
export function plotOf(report) {
  return drawBars({
    title: `Taken in, delivered and settled a second, ${report.at.slice(0, 10)}, ${report.machine.cores} cores`,
    bars: report.lines.map(({ contender, ratePerSec, lowest, highest }) => ({
      label: contender,
      contender,
      value: ratePerSec,
      lowest,
      highest,
    })),
    notes: [...report.ratios.map(describeRatio), ...report.waits.map(describeWait), ...plotNotes(report, report.lines)],
  });
}
