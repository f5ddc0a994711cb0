// The queue alone: a number of deliveries is queued first, then handled by something that does nothing, until the store says
// that all are done. Holdfast beside graphile-worker, pg-boss and BullMQ, in alternating rounds.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { removeDataFolder } from "../data-folder.mjs";
import { median, pairedRatio, spread } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { findVersions } from "../peers/pinned.mjs";
import { drawBars } from "../plot.mjs";
import { cpuMs, machineCpuMs } from "../processes.mjs";
import { saveResults } from "../save-results.mjs";
import { describeLine, describeRatio, micros, percent, plotNotes, table, warnOfOthers, whole } from "../table.mjs";
import { NAMES, startSide } from "./contenders.mjs";

/** The bars, for each of Holdfast's lines: settled in batches as the peers do, and each in its handler's transaction. */
const TARGETS = { "graphile-worker": 1, "pg-boss": 5, bullmq: 3 };
const OURS = ["holdfast", "holdfast+handler", "holdfast+transaction"];

/**
 * Runs the bench, prints its table, writes its files.
 *
 * @param {{ quick: boolean, rounds?: string, count?: string, redis: string, only?: string }} options
 * @returns {Promise<number>} exit code: 1 when a target was missed or a contender did not handle each exactly once
 */
export async function runQueue(options) {
  const plan = makePlan(options);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const sides = [];
  try {
    const missing = {};
    for (const name of plan.names) {
      const started = await startSide({ folder, redis: options.redis, name });
      if (started.ok) sides.push(started.side);
      else missing[name] = started.reason;
    }
    const rounds = await measureInTurns(sides, plan);
    const report = makeReport(plan, sides, rounds, missing);
    print(report);
    saveResults(report, plotOf(report));
    return report.faults.length > 0 || report.ratios.some(({ met }) => !met) ? 1 : 0;
  } finally {
    for (const side of sides) await side.stop();
    for (const name of NAMES) await removeDataFolder(join(folder, name, "data"));
    rmSync(folder, { recursive: true, force: true });
  }
}

function makePlan({ quick, rounds, count, only }) {
  const names = only === undefined ? NAMES : only.split(",");
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows ${NAMES.join(", ")}, not ${unknown.join(", ")}`);
  const plan = {
    quick,
    names,
    rounds: Number(rounds ?? (quick ? 2 : 5)),
    count: Number(count ?? (quick ? 3_000 : 30_000)),
  };
  if (!Number.isInteger(plan.rounds) || plan.rounds < 1 || !Number.isInteger(plan.count) || plan.count < 1)
    throw new Error("--rounds and --count must be whole numbers from 1 on");
  return plan;
}

async function measureInTurns(sides, plan) {
  // Thrown away: code is compiled, plans are made, the first pages come from the disk.
  for (const side of sides) await measure(side, Math.ceil(plan.count / 3));
  const rounds = [];
  for (let number = 0; number < plan.rounds; number++)
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(number + turn) % sides.length];
      rounds.push({ contender: side.name, number, ...(await measure(side, plan.count)) });
    }
  return rounds;
}

async function measure(side, count) {
  await side.fill(count);
  // The processes anew each time: some open their connections when they start to drain, and what has ended by then counts
  // as its parent's.
  const read = () => {
    const pids = side.pids();
    return { node: cpuMs(pids.node), database: cpuMs(pids.database), machine: machineCpuMs() };
  };
  const before = { ...read(), atMs: performance.now() };
  const { handled, elapsedMs, afterLastMs } = await side.drain(count);
  const after = { ...read(), atMs: performance.now() };
  const spent = (name) => (before[name] === null || after[name] === null ? null : after[name] - before[name]);
  const each = (name) => (spent(name) === null ? null : (spent(name) * 1_000) / count);
  const own = ["node", "database"].reduce((sum, name) => sum + (spent(name) ?? 0), cpuOfBench(before, after));
  const capacity = (after.atMs - before.atMs) * availableParallelism();
  return {
    count,
    handled,
    elapsedMs,
    afterLastMs,
    ratePerSec: (count / elapsedMs) * 1_000,
    nodeCpuMicros: each("node"),
    databaseCpuMicros: each("database"),
    othersShare: spent("machine") === null ? null : Math.max(0, (spent("machine") - own) / capacity),
  };
}

// The bench itself only waits meanwhile; counted so that it is nobody's "others".
function cpuOfBench(before, after) {
  return Math.min(20, after.atMs - before.atMs);
}

function makeReport(plan, sides, rounds, missing) {
  const of = (name) => rounds.filter((round) => round.contender === name);
  const lines = sides.map(({ name }) => {
    const rates = of(name).map(({ ratePerSec }) => ratePerSec);
    const middle = (pick) => (of(name).every((round) => pick(round) !== null) ? median(of(name).map(pick)) : null);
    return {
      contender: name,
      rounds: rates.length,
      ratePerSec: median(rates),
      lowest: Math.min(...rates),
      highest: Math.max(...rates),
      spread: spread(rates),
      nodeCpuMicros: middle((round) => round.nodeCpuMicros),
      databaseCpuMicros: middle((round) => round.databaseCpuMicros),
      othersShare: middle((round) => round.othersShare),
    };
  });
  const { versions, faults } = findVersions();
  const wrong = rounds.filter(({ handled, count }) => handled !== count);
  return {
    bench: "queue",
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions,
    quick: plan.quick,
    plan,
    contenders: Object.fromEntries(sides.map(({ name, what }) => [name, what])),
    missing,
    lines,
    ratios: OURS.flatMap((ours) => ratiosOf(ours, of)),
    faults: [...faults, ...wrong.map(({ contender, handled, count }) => `${contender} handled ${handled} of ${count}`)],
    rounds,
  };
}

function ratiosOf(ours, of) {
  return Object.entries(TARGETS).flatMap(([name, target]) => {
    if (of(ours).length === 0 || of(name).length === 0) return [];
    const ratio = pairedRatio(of(ours), of(name));
    return [{ of: ours, to: name, ...ratio, target, met: ratio.median >= target }];
  });
}

function print(report) {
  const warning = warnOfOthers(report.lines.map(({ othersShare }) => othersShare));
  const head = ["", "rounds", "a second", "lowest–highest", "spread", "node µs", "database µs", "others"];
  const rows = report.lines.map((line) => [
    line.contender,
    `${line.rounds}`,
    whole(line.ratePerSec),
    `${whole(line.lowest)}–${whole(line.highest)}`,
    percent(line.spread),
    micros(line.nodeCpuMicros),
    micros(line.databaseCpuMicros),
    line.othersShare === null ? "–" : percent(line.othersShare),
  ]);
  const out = [
    "",
    `The queue alone, ${describeLine(report.machine)}`,
    `${whole(report.plan.count)} are queued, then drained; medians of rounds, contenders in turn; workers and database share the cores.`,
    "",
    ...table([head, ...rows]),
    "",
    ...report.ratios.map(describeRatio),
    "",
    ...Object.entries(report.contenders).map(([name, what]) => `  ${name}: ${what}`),
    ...Object.entries(report.missing).map(([name, why]) => `  MISSING ${name}: ${why}`),
    ...(warning === null ? [] : ["", warning]),
    ...(report.faults.length === 0 ? [] : ["", "The run is void:", ...report.faults.map((fault) => `  ${fault}`)]),
  ];
  process.stdout.write(`${out.join("\n")}\n`);
}

function plotOf(report) {
  return drawBars({
    title: `The queue alone, handled a second, ${report.at.slice(0, 10)}, ${report.machine.cores} cores`,
    bars: report.lines.map(({ contender, ratePerSec, lowest, highest }) => ({
      label: contender,
      contender,
      value: ratePerSec,
      lowest,
      highest,
    })),
    notes: [...report.ratios.map(describeRatio), ...plotNotes(report, report.lines)],
  });
}
