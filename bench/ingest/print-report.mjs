// The report as tables for the terminal.
import { describeLine, describeRatio, micros, percent, table, warnOfOthers, whole } from "../table.mjs";

/** @param {ReturnType<typeof import("./make-report.mjs").makeReport>} report */
export function printReport(report) {
  const lines = [...report.lines, ...report.openLines];
  const warning = warnOfOthers(lines.map((line) => line.othersShare));
  const out = [
    "",
    `Ingest, ${describeLine(report.machine)}`,
    `Medians of rounds of ${report.roundMs / 1000} s each, contenders in turn; sender, server and database share the cores.`,
    "",
    ...table([HEAD, ...report.lines.map(rowOf)]),
    "",
    ...report.ratios.map(describeRatio),
    "",
    "At half of the maximum, open loop; a latency counts from when the arrival was due:",
    "",
    ...table([OPEN_HEAD, ...report.openLines.map(openRowOf)]),
    "",
    ...report.openRatios.map(describeRatio),
    "",
    ...Object.entries(report.contenders).map(([name, what]) => `  ${name}: ${what}`),
    ...Object.entries(report.missing).map(([name, why]) => `  MISSING ${name}: ${why}`),
    ...(warning === null ? [] : ["", warning]),
    ...(report.faults.length === 0 ? [] : ["", "The run is void:", ...report.faults.map((fault) => `  ${fault}`)]),
  ];
  process.stdout.write(`${out.join("\n")}\n`);
}

const HEAD = [
  "",
  "conns",
  "rounds",
  "req/s",
  "lowest–highest",
  "spread",
  "p50 ms",
  "p99 ms",
  "node µs",
  "database µs",
  "sender µs",
  "others",
];

function rowOf(line) {
  return [
    line.contender,
    `${line.connections}`,
    `${line.rounds}`,
    whole(line.ratePerSec),
    `${whole(line.lowest)}–${whole(line.highest)}`,
    percent(line.spread),
    line.p50Ms.toFixed(1),
    line.p99Ms.toFixed(1),
    micros(line.nodeCpuMicros),
    micros(line.databaseCpuMicros),
    micros(line.senderCpuMicros),
    line.othersShare === null ? "–" : percent(line.othersShare),
  ];
}

const OPEN_HEAD = [
  "",
  "rounds",
  "due/s",
  "answered/s",
  "p50 ms",
  "p99 ms",
  "lowest–highest p99",
  "sender late p99",
  "others",
];

function openRowOf(line) {
  return [
    line.contender,
    `${line.rounds}`,
    whole(line.arrivalsPerSec),
    whole(line.ratePerSec),
    line.p50Ms.toFixed(1),
    line.p99Ms.toFixed(1),
    `${line.p99LowestMs.toFixed(1)}–${line.p99HighestMs.toFixed(1)}`,
    line.lateP99Ms === null ? "–" : `${line.lateP99Ms.toFixed(1)} ms`,
    line.othersShare === null ? "–" : percent(line.othersShare),
  ];
}
