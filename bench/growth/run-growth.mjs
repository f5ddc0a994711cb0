// The growth bench: how claims and ingest fare as the queue and the history grow, and under a snapshot that somebody holds.
// It drives the gateway's own statements on a database of its own, without HTTP, so that what is measured is the database's
// part alone. Sizes are parameters; each stage is measured the same way, after VACUUM ANALYZE.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSnapshots } from "../../gateway/dist/engine/caretakers/watch-snapshots.js";
import { silentLog } from "../../gateway/dist/platform/log.js";
import { openDatabase } from "../../gateway/dist/store/database.js";
import { migrate } from "../../gateway/dist/store/migrate.js";
import { BY_INDEX, BY_KEY } from "../../gateway/dist/store/plans.js";
import { ensurePartitions } from "../../gateway/dist/store/upkeep/ensure-partitions.js";
import { median } from "../ingest/figures.mjs";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { openQueue } from "./queue.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
/** The bars: claim p99 against the small queue's, ingest against the empty database's. */
const TARGETS = { claimP99: 2, ingest: 0.9 };

/**
 * Runs the bench, prints its table, writes its file.
 *
 * @param {{ quick: boolean, small: string, ready: string, finished: string, snapshot: string, claims: string,
 *   seconds: string, rounds: string, buffers: string }} options
 * @returns {Promise<number>} exit code: 1 when a target was missed
 */
export async function runGrowth(options) {
  const plan = makePlan(options);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const settings = { shared_buffers: options.buffers };
  const server = await startDatabase(join(folder, "data"), settings);
  const pools = [];
  const open = (url, more) => {
    const pool = openPool(url, more);
    pools.push(pool);
    return pool;
  };
  try {
    const admin = open(server.adminUrl, { connectionsMax: 1 });
    await admin.pool.query("CREATE DATABASE little OWNER holdfast");
    const side = async (url) => {
      const migrated = await migrate(url);
      if (!migrated.ok) throw new Error(migrated.message);
      // Each as the gateway opens it.
      const own = {
        db: open(url, { connectionsMax: 4, pipelined: true }),
        workDb: open(url, { connectionsMax: 1, plans: BY_INDEX }),
        settleDb: open(url, { connectionsMax: 1, pipelined: true, plans: BY_KEY }),
      };
      await ensurePartitions(own.db, Date.now(), 1);
      return { db: own.db, queue: openQueue(own) };
    };
    const little = await side(nameDatabase(server.url, "little"));
    const large = await side(server.url);
    const report = await measureAll({ little, large, checkpoint: () => admin.pool.query("CHECKPOINT") }, plan);
    printReport(report);
    mkdirSync(RESULTS, { recursive: true });
    const name = `growth-${report.at.replaceAll(/[:.]/g, "-")}.json`;
    writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`\nWritten: bench/results/${name}\n`);
    return report.ratios.some(({ met }) => met === false) ? 1 : 0;
  } finally {
    for (const pool of pools) await pool.close();
    await server.stop();
    for (const one of [server.home, folder]) rmSync(one, { recursive: true, force: true });
  }
}

function openPool(url, more) {
  return openDatabase({
    url,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 3_600_000,
    applicationName: "bench growth",
    log: silentLog,
    ...more,
  });
}

function nameDatabase(url, name) {
  const named = new URL(url);
  named.pathname = `/${name}`;
  return named.href;
}

function makePlan({ quick, small, ready, finished, snapshot, claims, seconds, rounds }) {
  const plan = {
    small: Number(small),
    ready: Number(quick ? Math.min(50_000, Number(ready)) : ready),
    finished: Number(quick ? Math.min(100_000, Number(finished)) : finished),
    snapshotSec: Number(quick ? Math.min(10, Number(snapshot)) : snapshot),
    claims: Number(quick ? Math.min(100, Number(claims)) : claims),
    seconds: Number(quick ? Math.min(2, Number(seconds)) : seconds),
    rounds: Number(quick ? Math.min(2, Number(rounds)) : rounds),
  };
  for (const [name, value] of Object.entries(plan))
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number from 0 on`);
  if (plan.small > plan.ready) throw new Error("--small must not be more than --ready");
  if (!Number.isInteger(plan.rounds) || plan.rounds < 1) throw new Error("--rounds must be a whole number from 1 on");
  return plan;
}

/**
 * Two databases of one server take turns: one is empty for each round of ingest and has the small queue for the claims, the
 * other is large throughout. So a slow minute of the machine falls on both.
 */
async function measureAll({ little, large, checkpoint }, plan) {
  // What is thrown away: a plan is made anew after the first executions, and the first pages come from the disk.
  for (const { queue } of [little, large]) {
    await queue.fillReady(plan.small);
    await queue.measureClaims(plan.claims);
    await queue.measureIngest(Math.min(2, plan.seconds));
  }
  const began = performance.now();
  await large.queue.fillFinished(plan.finished);
  await large.queue.fillReady(plan.ready);
  const filledSec = Math.round((performance.now() - began) / 1000);
  process.stderr.write(`${plan.ready} ready and ${plan.finished} finished are there after ${filledSec} s\n`);
  const rounds = [];
  for (let number = 0; number < plan.rounds; number++) {
    const round = await measureRound({ little: little.queue, large: large.queue, checkpoint }, plan, number);
    rounds.push(round);
    const told = (name) => `${name} ${round[name].ingestPerSec}/s, claim p99 ${round[name].claimP99Ms} ms`;
    process.stderr.write(`round ${number + 1}: ${told("little")}; ${told("large")}\n`);
  }
  const sizes = { little: await little.queue.sizes(), large: await large.queue.sizes() };
  const held = await measureHeld(large, plan);
  return makeReport(plan, { rounds, sizes, filledSec, held });
}

async function measureRound({ checkpoint, ...queues }, plan, number) {
  const round = { little: {}, large: {} };
  const inTurn = number % 2 === 0 ? ["little", "large"] : ["large", "little"];
  const each = async (measure) => {
    for (const name of inTurn) {
      await queues[name].rest();
      await checkpoint();
      Object.assign(round[name], await measure(queues[name]));
    }
  };
  await queues.little.empty();
  await each((queue) => queue.measureIngest(plan.seconds));
  await queues.little.empty();
  await queues.little.fillReady(plan.small);
  await each((queue) => queue.measureClaims(plan.claims));
  return round;
}

/** The same with a snapshot that is held meanwhile, measured again and again until its time is over. Ingest deepens the queue. */
async function measureHeld({ db, queue }, plan) {
  if (plan.snapshotSec === 0) return [];
  const client = await db.pool.connect();
  await client.query("SET idle_in_transaction_session_timeout = 0");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT 1 FROM holdfast.setting");
  const began = performance.now();
  const lines = [];
  while ((performance.now() - began) / 1000 < plan.snapshotSec) {
    const measured = { ...(await queue.measureClaims(plan.claims)), ...(await queue.measureIngest(plan.seconds)) };
    const { oldestSec, alarms } = await readSnapshots(db);
    lines.push({
      atSec: Math.round((performance.now() - began) / 1000),
      ...measured,
      deadRows: await queue.deadRows(),
      oldestSnapshotSec: Math.round(oldestSec),
      alarm: alarms.length > 0,
    });
  }
  await client.query("COMMIT");
  client.release();
  return lines;
}

function makeReport(plan, { rounds, sizes, filledSec, held }) {
  const of = (name, what) => rounds.map((round) => round[name][what]);
  const stage = (name, title) => ({
    name: title,
    ...Object.fromEntries(
      ["claimP50Ms", "claimP99Ms", "settleP50Ms", "ingestPerSec"].map((what) => [what, round2(median(of(name, what)))]),
    ),
    ...sizes[name],
  });
  const stages = [
    stage("little", `empty, for claims ${plan.small} ready`),
    stage("large", `${plan.ready} ready, ${plan.finished} finished`),
  ];
  const paired = (what) => rounds.map(({ little, large }) => large[what] / little[what]);
  const bar = (title, ratios, target, isMet) => ({ ...ratioOf(title, ratios), target, met: isMet(median(ratios)) });
  const [, large] = stages;
  const last = held.at(-1);
  const told = (title, value) => ({ ...ratioOf(title, [value]), target: null, met: null });
  return {
    bench: "growth",
    at: new Date().toISOString(),
    machine: describeMachine(),
    plan,
    filledSec,
    stages,
    rounds,
    held,
    ratios: [
      bar("claim p99, large to small queue", paired("claimP99Ms"), TARGETS.claimP99, (is) => is <= TARGETS.claimP99),
      bar("ingest, large to empty database", paired("ingestPerSec"), TARGETS.ingest, (is) => is >= TARGETS.ingest),
      ...(last === undefined
        ? []
        : [
            told("claim p99 at the end of the held snapshot, to before", last.claimP99Ms / large.claimP99Ms),
            told("ingest at the end of the held snapshot, to before", last.ingestPerSec / large.ingestPerSec),
          ]),
    ],
  };
}

function ratioOf(of, ratios) {
  return {
    of,
    value: round2(median(ratios)),
    lowest: round2(Math.min(...ratios)),
    highest: round2(Math.max(...ratios)),
  };
}

function round2(value) {
  return Math.round(value * 100) / 100;
}

function printReport({ stages, held, ratios }) {
  const rows = [
    ["stage", "claim p50", "p99 ms", "settle p50", "ingest /s", "delivery MB", "history MB"],
    ...stages.map((line) => [
      line.name,
      line.claimP50Ms,
      line.claimP99Ms,
      line.settleP50Ms,
      line.ingestPerSec,
      line.deliveryMb,
      line.historyMb,
    ]),
    ...held.map((line) => [
      `snapshot held ${line.atSec} s${line.alarm ? ", ALARM" : ""}`,
      line.claimP50Ms,
      line.claimP99Ms,
      line.settleP50Ms,
      line.ingestPerSec,
      `${line.deadRows} dead`,
      "",
    ]),
  ].map((row) => row.map(String));
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows) process.stdout.write(`${row.map((cell, i) => cell.padEnd(widths[i])).join("  ")}\n`);
  for (const { of, value, lowest, highest, target, met } of ratios) {
    const verdict = met === null ? "" : ` (rounds ${lowest}–${highest}; target ${target}: ${met ? "met" : "MISSED"})`;
    process.stdout.write(`${of}: ${value}${verdict}\n`);
  }
}
