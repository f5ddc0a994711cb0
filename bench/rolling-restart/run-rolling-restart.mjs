// Several doors and several workers on one PostgreSQL, each restarted in turn under a constant load, one worker killed, one
// stopped past its lease. Afterwards what was acknowledged is compared with what the receiver got and what the database says.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../gateway/dist/platform/log.js";
import { openDatabase } from "../../gateway/dist/store/database.js";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { killGroup, startProcess } from "../start-process.mjs";
import { startLedgerReceiver } from "./receiver.mjs";
import { startSender } from "./sender.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const SECRET = "whsec_bench0123456789abcdefghijklmnopqrstuv";
const SOURCE_KEY = "bench-rolling-source-key";
/** About the shortest that the configuration allows beside the default timeout. */
const LEASE_MS = 31_000;
/** Expired leases are looked for every 5 s; until one is taken back, its holder may still settle. */
const LEASE_GRACE_MS = 9_000;

/**
 * Runs it, prints the tally, writes its file.
 *
 * @param {{ quick: boolean, doors: string, workers: string, rate: string, pause: string }} options
 * @returns {Promise<number>} exit code: 1 when an event was lost, took effect twice, or a late outcome was not refused
 */
export async function runRollingRestart(options) {
  const plan = {
    doors: Number(options.quick ? 2 : options.doors),
    workers: Number(options.quick ? 2 : options.workers),
    ratePerSec: Number(options.rate),
    pauseMs: Number(options.pause) * 1_000,
  };
  if (!(plan.doors >= 1 && plan.workers >= 2 && plan.ratePerSec > 0))
    throw new Error("--doors must be at least 1, --workers at least 2, --rate above 0");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const settings = { max_connections: "400" };
  const server = await startDatabase(join(folder, "database"), settings);
  const receiver = await startLedgerReceiver();
  const fleet = openFleet(folder, server.url, receiver.url);
  try {
    const report = await restartUnderLoad(plan, fleet, receiver, server.url);
    printReport(report);
    mkdirSync(RESULTS, { recursive: true });
    const name = `rolling-restart-${report.at.replaceAll(/[:.]/g, "-")}.json`;
    writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`\nWritten: bench/results/${name}\n`);
    return report.verdict.lost === 0 && report.verdict.secondEffects === 0 && report.verdict.lateRefused > 0 ? 0 : 1;
  } finally {
    await fleet.stop();
    await receiver.stop();
    await server.stop();
    for (const one of [server.home, folder]) rmSync(one, { recursive: true, force: true });
  }
}

function openFleet(folder, databaseUrl, receiverUrl) {
  const configFile = join(folder, "holdfast.config.mjs");
  const definition = {
    sources: { stripe: { provider: "stripe", key: SOURCE_KEY, secrets: [SECRET] } },
    destinations: { app: { url: receiverUrl, timeoutMs: 1_000 } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
    drainTimeoutMs: 5_000,
    worker: { leaseMs: LEASE_MS },
    admin: { databaseConnections: 2 },
  };
  writeFileSync(configFile, `export default ${JSON.stringify(definition, null, 2)};\n`);
  const env = { DATABASE_URL: databaseUrl, HOLDFAST_SECRET_KEY: randomBytes(32).toString("base64") };
  const alive = new Set();
  const logs = [];
  return {
    logs,
    async start(role) {
      const logFile = join(folder, `${role}-${logs.length}.log`);
      logs.push(logFile);
      const places = ["--config", configFile, "--data-dir", join(folder, `data-${logs.length}`), "--port", "0"];
      const started = await startProcess({
        args: [GATEWAY, "start", "--json", "--role", role, ...places],
        logFile,
        env,
      });
      alive.add(started);
      void started.ended.then(() => alive.delete(started));
      return { ...started, logFile };
    },
    async stop() {
      for (const started of alive) killGroup(started.pid);
      await Promise.all([...alive].map(({ ended }) => ended));
    },
  };
}

async function restartUnderLoad(plan, fleet, receiver, databaseUrl) {
  const doors = [];
  const workers = [];
  for (let i = 0; i < plan.doors; i++) doors.push(await fleet.start("ingest"));
  for (let i = 0; i < plan.workers; i++) workers.push(await fleet.start("worker"));
  const urls = () => doors.map(({ ready }) => `${ready.ingestUrl}/in/${SOURCE_KEY}`);
  const sender = startSender({ urls, secret: SECRET, ratePerSec: plan.ratePerSec });
  const exits = [];
  const tell = (text) => process.stderr.write(`${text}; ${sender.tally.acked} acknowledged\n`);
  await pause(plan.pauseMs);
  for (const [role, processes] of [
    ["ingest", doors],
    ["worker", workers],
  ]) {
    for (const [i, old] of processes.entries()) {
      processes[i] = await fleet.start(role);
      const { code, signal } = await old.stop();
      exits.push(signal ?? code);
      tell(`${role} ${i + 1} of ${processes.length} restarted`);
      await pause(plan.pauseMs);
    }
  }
  killGroup(workers[0].pid);
  await workers[0].ended;
  tell("a worker was killed");
  workers[0] = await fleet.start("worker");
  const zombie = workers[1];
  receiver.hold();
  await receiver.holds();
  process.kill(zombie.pid, "SIGSTOP");
  receiver.release();
  tell("a worker stands still");
  await pause(LEASE_MS + LEASE_GRACE_MS);
  process.kill(zombie.pid, "SIGCONT");
  await pause(plan.pauseMs);
  await sender.stop();
  const standing = await waitUntilFinished(databaseUrl, sender.tally.acked);
  for (const started of [...doors, ...workers]) exits.push((await started.stop()).code);
  const lateRefused = fleet.logs.reduce((sum, file) => sum + countLines(file, '"next":"lease_lost"'), 0);
  return makeReport(plan, { sender, receiver, standing, exits, lateRefused });
}

async function waitUntilFinished(databaseUrl, acked) {
  const db = openDatabase({
    url: databaseUrl,
    connectionsMax: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
    applicationName: "bench rolling restart",
    log: silentLog,
  });
  const ask = async () =>
    (
      await db.pool.query(
        `SELECT (SELECT count(*)::int FROM holdfast.event) AS events,
                (SELECT count(*)::int FROM holdfast.finished_delivery WHERE state = 'processed') AS processed,
                (SELECT count(*)::int FROM holdfast.finished_delivery WHERE state = 'dead') AS dead,
                (SELECT count(*)::int FROM holdfast.delivery) AS unfinished`,
      )
    ).rows[0];
  // A lease that a killed worker held ends by itself; twice that is more than enough.
  const untilMs = performance.now() + 2 * LEASE_MS + 30_000;
  let standing = await ask();
  while ((standing.unfinished > 0 || standing.events < acked) && performance.now() < untilMs) {
    await pause(250);
    standing = await ask();
  }
  await db.close();
  return standing;
}

function makeReport(plan, { sender, receiver, standing, exits, lateRefused }) {
  const { acked, ids, refused, failed } = sender.tally;
  const lost = ids.filter((id) => !receiver.keys.has(id)).length;
  const secondEffects = [...receiver.keys.values()].filter((keys) => keys.size > 1).length;
  return {
    bench: "rolling-restart",
    at: new Date().toISOString(),
    machine: describeMachine(),
    plan,
    sent: { acked, answered429or503: refused, connectionsLost: failed, ackMs: sender.quantiles() },
    received: { requests: receiver.requests(), events: receiver.keys.size },
    database: standing,
    exits,
    verdict: { lost, secondEffects, lateRefused },
  };
}

function printReport({ plan, sent, received, database, exits, verdict }) {
  const lines = [
    `${plan.doors} doors and ${plan.workers} workers, ${plan.ratePerSec} events a second`,
    `acknowledged ${sent.acked}, answered 429 or 503 ${sent.answered429or503}, connections lost ${sent.connectionsLost}`,
    `ack p50 ${sent.ackMs.p50} ms, p99 ${sent.ackMs.p99} ms, max ${sent.ackMs.max} ms (from the intended start, repeats included)`,
    `receiver: ${received.requests} requests of ${received.events} events (the same key again is no second effect)`,
    `database: ${database.events} events, ${database.processed} processed, ${database.dead} dead, ${database.unfinished} unfinished`,
    `exits: ${exits.join(" ")}`,
    `lost ${verdict.lost}, second effects ${verdict.secondEffects}, late outcomes refused ${verdict.lateRefused}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function countLines(file, text) {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(text)).length;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
