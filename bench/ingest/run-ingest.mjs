// The ingest bench: floor, Holdfast and the recipes in one run, in alternating rounds, so that a slow minute of the machine
// falls on all of them. First as fast as each answers (closed loop), then at half of that (open loop). The verdict is made of
// ratios of rounds that ran next to each other, never of absolute numbers.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeDataFolder } from "../data-folder.mjs";
import { saveResults } from "../save-results.mjs";
import { startFloor, startHoldfast, startRecipe } from "./contenders.mjs";
import { median } from "./figures.mjs";
import { openLoader } from "./loader.mjs";
import { makeReport, plotOf } from "./make-report.mjs";
import { printReport } from "./print-report.mjs";

const SECRET = "whsec_bench0123456789abcdefghijklmnopqrstuv";
/** Measured: a server still gets faster in its second second, while its code is being compiled. */
const WARM_UP_MS = 3_000;
const QUICK_WARM_UP_MS = 500;
const EVENTS_MIN = 4_000;
const EVENTS_MAX = 120_000;
const REUSED_EVENTS = 20_000;
/** So many that an arrival does not wait for one at half of the maximum. */
const OPEN_CONNECTIONS = 128;

const STARTS = {
  floor: startFloor,
  holdfast: (run) => startHoldfast(run, { name: "holdfast" }),
  "holdfast+queued": (run) => startHoldfast(run, { name: "holdfast+queued" }),
  bullmq: (run) => startRecipe(run, { name: "bullmq" }),
  "graphile-worker": (run) => startRecipe(run, { name: "graphile-worker" }),
  "pg-boss": (run) => startRecipe(run, { name: "pg-boss" }),
};
const ROUTE = "holdfast+route";
const NAMES = [...Object.keys(STARTS), ROUTE];

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
    const nodeArgs = options["node-args"].split(" ").filter(Boolean);
    const run = { folder, secret: SECRET, redis: options.redis, nodeArgs };
    const measured = await measureSideBySide(loader, plan, run, contenders);
    await stopAll(contenders);
    measured.closed.push(...(await measureRoute(loader, plan, run, contenders)));
    const report = makeReport(measured, plan);
    printReport(report);
    saveResults(report, plotOf(report));
    const isMissed = [...report.ratios, ...report.openRatios].some((ratio) => ratio.met === false);
    return report.faults.length > 0 || isMissed ? 1 : 0;
  } finally {
    loader.close();
    await stopAll(contenders);
    await removeFolder(folder);
  }
}

function makePlan({ quick, rounds, seconds, only }) {
  const names = only === undefined ? NAMES : only.split(",");
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows ${NAMES.join(", ")}, not ${unknown.join(", ")}`);
  const durationMs = Number(seconds ?? (quick ? 1 : 3)) * 1000;
  const count = Number(rounds ?? (quick ? 2 : 5));
  if (!(durationMs > 0) || !Number.isInteger(count) || count < 1) throw new Error("--rounds and --seconds must be > 0");
  const levels = [{ connections: 64, rounds: count }];
  if (!quick) levels.push({ connections: 256, rounds: Math.max(1, Math.round(count * 0.6)) });
  return {
    quick,
    names,
    durationMs,
    levels,
    openRounds: quick ? 1 : Math.max(1, Math.round(count * 0.6)),
    routeRounds: Math.min(3, count),
    legend: {},
    missing: {},
    warmUpMs: quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
  };
}

async function measureSideBySide(loader, plan, run, contenders) {
  for (const [name, start] of Object.entries(STARTS)) {
    if (!plan.names.includes(name)) continue;
    const contender = await start(run);
    contenders.push(contender);
    plan.legend[contender.name] = contender.what;
    if (typeof contender.missing === "string") plan.missing[name] = contender.missing;
  }
  const rates = await warmUp(loader, contenders, plan);
  const closed = [];
  for (const { connections, rounds } of plan.levels) {
    for (let number = 0; number < rounds; number++)
      for (const contender of inTurn(contenders, number))
        closed.push(await measure(loader, contender, { connections, number, durationMs: plan.durationMs }, rates));
  }
  return { closed, open: await measureOpen(loader, plan, contenders, closed) };
}

// Each round begins with another contender, so that none is always the one after the checkpoint.
function inTurn(contenders, number) {
  return contenders.map((_, turn) => contenders[(number + turn) % contenders.length]);
}

/**
 * At half of what each answered at 64 connections, and the floor once more at the rate of Holdfast: the same work asked of both.
 */
async function measureOpen(loader, plan, contenders, closed) {
  const halfOf = (name) =>
    median(closed.filter((one) => one.contender === name && one.connections === 64).map((one) => one.ratePerSec)) / 2;
  const pairs = contenders.map((contender) => ({ contender, label: contender.name, rate: halfOf(contender.name) }));
  const floor = contenders.find(({ name }) => name === "floor");
  const ours = contenders.find(({ name }) => name === "holdfast");
  if (floor !== undefined && ours !== undefined)
    pairs.push({ contender: floor, label: "floor at holdfast's rate", rate: halfOf("holdfast") });
  const open = [];
  for (let number = 0; number < plan.openRounds; number++)
    for (const { contender, label, rate } of inTurn(pairs, number)) {
      const given = { connections: OPEN_CONNECTIONS, number, durationMs: plan.durationMs, arrivalsPerSec: rate };
      open.push({ ...(await measure(loader, contender, given, new Map())), contender: label, arrivalsPerSec: rate });
    }
  return open;
}

// Alone, after the others: its deliveries go on after the answers and would take CPU from whoever comes next.
async function measureRoute(loader, plan, run, contenders) {
  if (!plan.names.includes(ROUTE)) return [];
  const contender = await startHoldfast(run, { name: ROUTE });
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

async function measure(loader, contender, { connections, number, durationMs, arrivalsPerSec = null }, rates) {
  const expected = (arrivalsPerSec ?? rates.get(contender.name)) * (durationMs / 1000);
  // What one has left to the kernel to write is not paid for by the next: each of its commits would wait behind that.
  await promisify(execFile)("sync");
  const round = await loader.run(
    {
      url: contender.url,
      secret: SECRET,
      connections,
      durationMs,
      arrivalsPerSec,
      eventsMax: contender.keptHeader === null ? REUSED_EVENTS : countEvents(expected),
      mark: randomBytes(4).toString("hex"),
      seed: randomBytes(4).readUInt32LE(),
      keptHeader: contender.keptHeader,
      duplicateHeader: contender.duplicateHeader,
    },
    contender.pids,
  );
  rates.set(contender.name, Math.max(1_000, round.ratePerSec));
  return { contender: contender.name, connections, number, ...round };
}

async function stopAll(contenders) {
  for (const contender of contenders.splice(0)) await contender.stop();
}

async function removeFolder(folder) {
  for (const name of readdirSync(folder).filter((entry) => !entry.endsWith(".log")))
    await removeDataFolder(join(folder, name, "data"));
  rmSync(folder, { recursive: true, force: true });
}
