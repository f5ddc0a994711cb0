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
import { startEmbedded } from "../../gateway/dist/store/embedded/start-embedded.js";
import { migrate } from "../../gateway/dist/store/migrate.js";
import { ensurePartitions } from "../../gateway/dist/store/upkeep/ensure-partitions.js";
import { describeMachine } from "../machine.mjs";
import { openQueue } from "./queue.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
/** The bars: claim p99 against the small queue's, ingest against the empty database's. */
const TARGETS = { claimP99: 2, ingest: 0.9 };

/**
 * Runs the bench, prints its table, writes its file.
 *
 * @param {{ quick: boolean, small: string, ready: string, finished: string, snapshot: string, claims: string,
 *   seconds: string, buffers: string }} options
 * @returns {Promise<number>} exit code: 1 when a target was missed
 */
export async function runGrowth(options) {
  const plan = makePlan(options);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const settings = { shared_buffers: options.buffers };
  const server = await startEmbedded({ log: silentLog, dataDir: join(folder, "data"), settings });
  if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
  try {
    const migrated = await migrate(server.url);
    if (!migrated.ok) throw new Error(migrated.message);
    const db = openDatabase({
      url: server.url,
      connectionsMax: 6,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 3_600_000,
      applicationName: "bench growth",
      log: silentLog,
      pipelined: true,
    });
    const admin = openDatabase({
      url: server.adminUrl,
      connectionsMax: 1,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 600_000,
      applicationName: "bench growth",
      log: silentLog,
    });
    // What the filling has written is on disk before anything is measured; else the figures are of its checkpoint.
    const settle = () => admin.pool.query("CHECKPOINT");
    const report = await measureStages(db, plan, settle);
    await db.close();
    await admin.close();
    printReport(report);
    mkdirSync(RESULTS, { recursive: true });
    const name = `growth-${report.at.replaceAll(/[:.]/g, "-")}.json`;
    writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`\nWritten: bench/results/${name}\n`);
    return report.ratios.some(({ met }) => met === false) ? 1 : 0;
  } finally {
    await server.stop();
    for (const one of [server.home, folder]) rmSync(one, { recursive: true, force: true });
  }
}

function makePlan({ quick, small, ready, finished, snapshot, claims, seconds }) {
  const plan = {
    small: Number(small),
    ready: Number(quick ? Math.min(50_000, Number(ready)) : ready),
    finished: Number(quick ? Math.min(100_000, Number(finished)) : finished),
    snapshotSec: Number(quick ? Math.min(10, Number(snapshot)) : snapshot),
    claims: Number(quick ? Math.min(100, Number(claims)) : claims),
    seconds: Number(quick ? Math.min(2, Number(seconds)) : seconds),
  };
  for (const [name, value] of Object.entries(plan))
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number from 0 on`);
  if (plan.small > plan.ready) throw new Error("--small must not be more than --ready");
  return plan;
}

async function measureStages(db, plan, settle) {
  await ensurePartitions(db, Date.now(), 1);
  const queue = await openQueue(db);
  const stages = [];
  const stage = async (name, prepare) => {
    const began = performance.now();
    await prepare();
    await db.pool.query(
      "VACUUM (ANALYZE) holdfast.delivery, holdfast.finished_delivery, holdfast.attempt, holdfast.event, holdfast.dedupe",
    );
    await settle();
    const preparedSec = Math.round((performance.now() - began) / 1000);
    const measured = { name, preparedSec, ...(await queue.measure(plan)), ...(await queue.sizes()) };
    process.stderr.write(`${name}: prepared in ${preparedSec} s, claim p99 ${measured.claimP99Ms} ms\n`);
    stages.push(measured);
  };
  // What is thrown away: a plan is made anew after the first executions, and the first pages come from the disk.
  await queue.fillReady(plan.small);
  await queue.measure({ ...plan, seconds: Math.min(2, plan.seconds) });
  await queue.empty();
  await stage("empty", async () => {});
  await stage(`${plan.small} ready`, async () => {
    await queue.empty();
    await queue.fillReady(plan.small);
  });
  await stage(`${plan.ready} ready, ${plan.finished} finished`, async () => {
    await queue.fillFinished(plan.finished);
    await queue.fillReady(plan.ready);
  });
  const held = await measureHeld(db, queue, plan);
  return makeReport(plan, stages, held);
}

/** The same with a snapshot that is held meanwhile, measured again and again until its time is over. Ingest deepens the queue. */
async function measureHeld(db, queue, plan) {
  if (plan.snapshotSec === 0) return [];
  const client = await db.pool.connect();
  await client.query("SET idle_in_transaction_session_timeout = 0");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT 1 FROM holdfast.setting");
  const began = performance.now();
  const lines = [];
  while ((performance.now() - began) / 1000 < plan.snapshotSec) {
    const measured = await queue.measure(plan);
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

function makeReport(plan, stages, held) {
  const [empty, small, large] = stages;
  const ratio = (of, value, target, isMet) => ({ of, value: Math.round(value * 100) / 100, target, met: isMet });
  const claims = large.claimP99Ms / small.claimP99Ms;
  const ingest = large.ingestPerSec / empty.ingestPerSec;
  const last = held.at(-1);
  return {
    bench: "growth",
    at: new Date().toISOString(),
    machine: describeMachine(),
    plan,
    stages,
    held,
    ratios: [
      ratio("claim p99, large to small queue", claims, TARGETS.claimP99, claims <= TARGETS.claimP99),
      ratio("ingest, large queue to empty database", ingest, TARGETS.ingest, ingest >= TARGETS.ingest),
      ...(last === undefined
        ? []
        : [
            ratio(
              "claim p99 at the end of the held snapshot, to before",
              last.claimP99Ms / large.claimP99Ms,
              null,
              null,
            ),
            ratio(
              "ingest at the end of the held snapshot, to before",
              last.ingestPerSec / large.ingestPerSec,
              null,
              null,
            ),
          ]),
    ],
  };
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
  for (const { of, value, target, met } of ratios) {
    const verdict = met === null ? "" : met ? ` (target ${target}: met)` : ` (target ${target}: MISSED)`;
    process.stdout.write(`${of}: ${value}${verdict}\n`);
  }
}
