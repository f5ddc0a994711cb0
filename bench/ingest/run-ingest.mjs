// The ingest bench: floor, Holdfast and the recipe in one run, in alternating rounds, so that a slow minute of the machine
// falls on all of them. The verdict is made of ratios of rounds that ran next to each other, never of absolute numbers.
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../data-folder.mjs";
import { describeMachine } from "../machine.mjs";
import { startFloor, startHoldfast, startRecipe } from "./contenders.mjs";
import { pairedRatio, summarize } from "./figures.mjs";
import { openLoader } from "./loader.mjs";
import { drawPlot } from "./plot.mjs";
import { printReport } from "./print-report.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const SECRET = "whsec_bench0123456789abcdefghijklmnopqrstuv";
/** Measured: a server still gets faster in its second second, while its code is being compiled. */
const WARM_UP_MS = 3_000;
const QUICK_WARM_UP_MS = 500;
const EVENTS_MIN = 4_000;
const EVENTS_MAX = 120_000;
const REUSED_EVENTS = 20_000;
/** The bars of the first bench: at 64 connections. */
const TARGETS = { floor: 0.5, recipe: 4 };

/**
 * Runs the bench, prints its table, writes its files.
 *
 * @param {{ quick: boolean, rounds?: string, seconds?: string, redis: string, only?: string, "node-args": string }} options
 * @returns {Promise<number>} exit code: 1 when an answer was wrong or a target was missed
 */
export async function runIngest(options) {
  const plan = makePlan(options);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const loader = await openLoader();
  const contenders = [];
  try {
    const run = {
      folder,
      secret: SECRET,
      redis: options.redis,
      nodeArgs: options["node-args"].split(" ").filter(Boolean),
    };
    const rounds = await measureSideBySide(loader, plan, run, contenders);
    await stopAll(contenders);
    rounds.push(...(await measureRoute(loader, plan, run, contenders)));
    const report = makeReport(rounds, plan);
    printReport(report);
    writeResults(report);
    return report.faults.length > 0 || report.ratios.some((ratio) => ratio.met === false) ? 1 : 0;
  } finally {
    loader.close();
    await stopAll(contenders);
    await removeFolder(folder);
  }
}

function makePlan({ quick, rounds, seconds, only }) {
  const names = only === undefined ? ["floor", "holdfast", "recipe", "route"] : only.split(",");
  const durationMs = Number(seconds ?? (quick ? 1 : 3)) * 1000;
  const count = Number(rounds ?? (quick ? 2 : 5));
  if (!(durationMs > 0) || !Number.isInteger(count) || count < 1) throw new Error("--rounds and --seconds must be > 0");
  const levels = [{ connections: 64, rounds: count }];
  if (!quick) levels.push({ connections: 256, rounds: Math.max(1, Math.round(count * 0.6)) });
  return {
    names,
    durationMs,
    levels,
    routeRounds: Math.min(3, count),
    legend: {},
    warmUpMs: quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
  };
}

async function measureSideBySide(loader, plan, run, contenders) {
  const starts = { floor: startFloor, holdfast: (of) => startHoldfast(of, { routed: false }), recipe: startRecipe };
  for (const [name, start] of Object.entries(starts)) {
    if (plan.names.includes(name)) contenders.push(await start(run));
  }
  for (const { name, what } of contenders) plan.legend[name] = what;
  const rates = await warmUp(loader, contenders, plan);
  const rounds = [];
  for (const { connections, rounds: count } of plan.levels) {
    for (let number = 0; number < count; number++) {
      // Each round begins with another contender, so that none is always the one after the checkpoint.
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(number + turn) % contenders.length];
        rounds.push(await measure(loader, contender, { connections, number, durationMs: plan.durationMs }, rates));
      }
    }
  }
  return rounds;
}

// Alone, after the others: its deliveries go on after the answers and would take CPU from whoever comes next.
async function measureRoute(loader, plan, run, contenders) {
  if (!plan.names.includes("route")) return [];
  const contender = await startHoldfast(run, { routed: true });
  contenders.push(contender);
  plan.legend[contender.name] = contender.what;
  const rates = await warmUp(loader, [contender], plan);
  const rounds = [];
  for (let number = 0; number < plan.routeRounds; number++)
    rounds.push(await measure(loader, contender, { connections: 64, number, durationMs: plan.durationMs }, rates));
  return rounds;
}

async function warmUp(loader, contenders, { warmUpMs }) {
  const rates = new Map();
  for (const contender of contenders) {
    rates.set(contender.name, 20_000);
    await measure(loader, contender, { connections: 64, number: -1, durationMs: warmUpMs }, rates);
  }
  return rates;
}

// More than the last round took, so that a faster one does not run out; a round that does ends early and stays valid.
function countEvents(expected) {
  return Math.round(Math.min(EVENTS_MAX, Math.max(EVENTS_MIN, expected * 1.6)));
}

async function measure(loader, contender, { connections, number, durationMs }, rates) {
  const expected = rates.get(contender.name) * (durationMs / 1000);
  const round = await loader.run(
    {
      url: contender.url,
      secret: SECRET,
      connections,
      durationMs,
      eventsMax: contender.keptHeader === null ? REUSED_EVENTS : countEvents(expected),
      mark: randomBytes(4).toString("hex"),
      seed: randomBytes(4).readUInt32LE(),
      keptHeader: contender.keptHeader,
      duplicateHeader: contender.duplicateHeader,
    },
    contender.pids(),
  );
  rates.set(contender.name, Math.max(1_000, round.ratePerSec));
  return { contender: contender.name, connections, number, ...round };
}

function makeReport(rounds, plan) {
  const lines = [];
  for (const key of new Set(rounds.map((round) => `${round.contender} ${round.connections}`))) {
    const own = rounds.filter((round) => `${round.contender} ${round.connections}` === key);
    const { contender, connections } = own[0];
    lines.push({ contender, connections, ...summarize(own) });
  }
  const faults = rounds.flatMap((round) =>
    Object.entries(round.faults).map(
      ([fault, times]) => `${round.contender}, ${round.connections} connections: ${fault} (${times}×)`,
    ),
  );
  return {
    bench: "ingest",
    at: new Date().toISOString(),
    machine: describeMachine(),
    roundMs: plan.durationMs,
    contenders: plan.legend,
    lines,
    ratios: plan.levels.flatMap(({ connections }) => makeRatios(rounds, connections)),
    faults,
    rounds,
  };
}

function makeRatios(rounds, connections) {
  const of = (name) =>
    rounds.filter((round) => round.contender.split(" ")[0] === name && round.connections === connections);
  const ours = of("holdfast");
  return Object.entries(TARGETS).flatMap(([name, target]) => {
    const theirs = of(name);
    if (ours.length === 0 || theirs.length === 0) return [];
    const ratio = pairedRatio(ours, theirs);
    const isJudged = connections === 64;
    return [
      {
        of: "holdfast",
        to: theirs[0].contender,
        connections,
        ...ratio,
        target: isJudged ? target : null,
        met: isJudged ? ratio.median >= target : null,
      },
    ];
  });
}

function writeResults(report) {
  mkdirSync(RESULTS, { recursive: true });
  const name = `ingest-${report.at.replaceAll(/[:.]/g, "-")}`;
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.svg`), drawPlot(report));
  process.stdout.write(`\nWritten: bench/results/${name}.json and .svg\n`);
}

async function stopAll(contenders) {
  for (const contender of contenders.splice(0)) await contender.stop();
}

async function removeFolder(folder) {
  for (const name of readdirSync(folder).filter((entry) => !entry.endsWith(".log")))
    await removeDataFolder(join(folder, name, "data"));
  rmSync(folder, { recursive: true, force: true });
}
