// One run: set up, flood and kill, drain, stop, read everything, judge.
import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { postmasterPid, removeDataFolder } from "../../bench/data-folder.mjs";
import { freePort } from "../../bench/free-port.mjs";
import { fileURLToPath } from "node:url";
import { startProcess } from "../../bench/start-process.mjs";
import { planWorld } from "../nemesis/plan-world.mjs";
import { openUpkeep } from "../nemesis/upkeep.mjs";
import { openWorld } from "../nemesis/world.mjs";
import { check } from "./check.mjs";
import { createGatewayKeeper } from "./gateway-keeper.mjs";
import { eachRecord, openLogFile, readLogFile } from "./log-file.mjs";
import { watchMemory } from "./memory.mjs";
import { strikeAll } from "./nemesis.mjs";
import { planFaults, planSends } from "./plan.mjs";
import { readOpen, readStore } from "./read-store.mjs";
import { MEMORY_RATIO_MAX, reportKillFlood } from "./report.mjs";
import { createSender } from "./sender.mjs";

const RECEIVER = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
const SOURCE_KEY = "proof-stripe-source-key-000";
const WORKER_CONCURRENCY = 64;
/** The shortest that the configuration allows beside the default timeout: what a kill strands is back that much later. */
const LEASE_MS = 30_500;
const TIMEOUT_MS = 5_000;
/** Idle is who has been quiet: pools close what they do not use after 30 s, and the process gives memory back after 20. */
const IDLE_MS = 45_000;
const QUICK_IDLE_MS = 500;
const DRAIN_MAX_MS = 240_000;
/** The wires' and the destination's. */
const WORLD_FAULTS_LEAST = 24;
const CALM_MAX_MS = 30_000;
const QUICK_CALM_MAX_MS = 2_000;

/**
 * @param {{ events: number, kills: number, databaseKills: number, concurrency: number, seed: number, isQuick: boolean,
 *   isMixed: boolean, worldRounds?: number, isKept: boolean, program?: string, keepLogsIn?: (report: object) => string,
 *   onSetUp?: (folder: string) => void }} options
 *   `worldRounds` is how often each fault of the world strikes: the database is then a process of its own, behind a proxy;
 *   `keepLogsIn` says where the logs go of a run that did not hold; `onSetUp` is told the run's own folder
 * @returns {Promise<import("../report/report.d.ts").Report>}
 */
export async function runKillFlood(options) {
  const run = await setUp(options);
  options.onSetUp?.(run.folder);
  const cleanUp = () => tearDown(run);
  const onSignal = () => cleanUp().finally(() => process.exit(130));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    run.tell(
      `seed ${options.seed}: ${options.events} events, ${options.kills} kills, ${options.databaseKills} of the database`,
    );
    await flood(run);
    await drain(run);
    await settleMemory(run);
    await stopGateway(run);
    run.tell("reading the store");
    const store = await readStore(run.dataDir);
    writeFileSync(join(run.folder, "store.json"), JSON.stringify(store));
    const verdict = check({ ...readLogs(run), store }, minimumOf(options), { inFlightMax: WORKER_CONCURRENCY });
    const report = reportKillFlood({ options, run, verdict, nemesis: readLogFile(run.nemesisLog) });
    if (options.isKept || report.verdict === "false") keepLogs(run, options.keepLogsIn?.(report));
    return report;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await cleanUp();
  }
}

function keepLogs({ folder, dataDir }, to) {
  if (to !== undefined) cpSync(folder, to, { recursive: true, filter: (path) => !path.startsWith(dataDir) });
}

async function setUp(options) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const secret = `whsec_${randomBytes(24).toString("base64url")}`;
  const signingSecret = `whsec_${randomBytes(32).toString("base64")}`;
  const run = {
    options,
    folder,
    dataDir: join(folder, "data"),
    senderLog: join(folder, "sender.ndjson"),
    receiverLog: join(folder, "receiver.ndjson"),
    nemesisLog: join(folder, "nemesis.ndjson"),
    tell: (text) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
    timing: {},
    memory: {},
    exit: null,
  };
  for (const name of ["senderLog", "receiverLog", "nemesisLog"]) writeFileSync(run[name], "");
  const env = {
    PROOF_SIGNING_SECRET: signingSecret,
    PROOF_RECEIVER_LOG: run.receiverLog,
    PROOF_SEED: `${options.seed}`,
  };
  run.receiver = await startProcess({ args: [RECEIVER], logFile: join(folder, "receiver.log"), env });
  const configFile = join(folder, "holdfast.config.mjs");
  const places = await openPlaces(run);
  const configure = (secrets) => configuration({ secrets, signingSecret, ...places });
  writeFileSync(configFile, configure([secret]));
  const port = await freePort();
  run.nemesis = openLogFile(run.nemesisLog);
  run.keeper = createGatewayKeeper({
    configFile,
    dataDir: places.gatewayDir,
    env: places.env,
    logFile: join(folder, "gateway.log"),
    port,
    adminPort: await freePort(),
    ...(options.program === undefined ? {} : { program: options.program }),
    onEnded: (end) => run.nemesis.add({ kind: "gateway_ended", ...end, t: performance.timeOrigin + performance.now() }),
  });
  run.log = openLogFile(run.senderLog);
  const { program } = options;
  if (run.world !== undefined) {
    const { gatewayDir, env: besideEnv } = places;
    const databaseUrl = run.world.straightUrl;
    const upkeep = { folder, configFile, gatewayDir, databaseUrl, env: besideEnv, secret, configure };
    run.upkeep = openUpkeep({ ...upkeep, ...(program === undefined ? {} : { program }) });
  }
  const url = `http://127.0.0.1:${port}/in/${SOURCE_KEY}`;
  run.sender = createSender({ url, secret, seed: options.seed, log: run.log, concurrency: options.concurrency });
  return run;
}

// Where the gateway finds its database and its destination: its own and straight, or in a world that can be made to fail.
async function openPlaces(run) {
  const receiverUrl = run.receiver.ready.url;
  if (!(run.options.worldRounds > 0)) return { receiverUrl, gatewayDir: run.dataDir, env: {} };
  run.world = await openWorld({ folder: run.folder, receiverUrl });
  const { dataDir, gatewayDir, databaseUrl, destinationUrl, env } = run.world;
  run.dataDir = dataDir;
  return { receiverUrl: destinationUrl, gatewayDir, databaseUrl, env };
}

function configuration({ secrets, signingSecret, receiverUrl, databaseUrl }) {
  const retry = { scheduleSec: [1, 1, 2, 2, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10] };
  const definition = {
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    sources: { stripe: { provider: "stripe", key: SOURCE_KEY, secrets } },
    destinations: { app: { url: receiverUrl, signingSecret, timeoutMs: TIMEOUT_MS, retry } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
    worker: { leaseMs: LEASE_MS, concurrency: WORKER_CONCURRENCY },
  };
  return `export default ${JSON.stringify(definition, null, 2)};\n`;
}

async function flood(run) {
  const { options, keeper, sender } = run;
  const began = performance.now();
  await Promise.race([keeper.ready(), keeper.failed]);
  run.timing.firstStartMs = Math.round(performance.now() - began);
  run.watch = watchMemory({ gatewayPid: keeper.pid, dataDir: run.dataDir });
  await pause(options.isQuick ? QUICK_IDLE_MS : IDLE_MS);
  run.memory.before = run.watch.now();
  run.tell(
    `idle: gateway ${run.memory.before.gatewayMb} MB, database ${run.memory.before.databaseMb} MB; the flood begins`,
  );
  const floodBegan = performance.now();
  const over = new AbortController();
  const trickled = sender.send(planSends(options)).then(() => {
    run.timing.floodMs = Math.round(performance.now() - floodBegan);
    run.tell(`everything is sent: ${sender.acked()} acknowledged in ${Math.round(run.timing.floodMs / 1000)} s`);
    return sender.trickle(options.events, over.signal);
  });
  let acted = 0;
  const effects = async () => {
    const answer = await fetch(run.receiver.ready.url).catch(() => null);
    // A connection may be closed just as it is used again: then the last answer stands until the next look.
    if (answer !== null) ({ acted } = await answer.json().catch(() => ({ acted })));
    return acted;
  };
  const progress = async () => (sender.acked() + (await effects())) / (2 * options.events);
  const deps = {
    keeper,
    sender,
    dataDir: run.dataDir,
    log: run.nemesis,
    progress,
    effects,
    world: run.world,
    upkeep: run.upkeep,
  };
  const faults = [...planFaults(options), ...planWorld({ seed: options.seed, rounds: options.worldRounds ?? 0 })];
  const inOrder = faults.toSorted((a, b) => a.atProgress - b.atProgress);
  await Promise.race([strikeAll(deps, inOrder), keeper.failed]);
  run.tell("the last fault has struck");
  over.abort();
  await Promise.race([trickled, keeper.failed]);
}

// Until nothing waits any more, as the gateway's own API says; what it says is checked against the store afterwards.
async function drain(run) {
  const began = performance.now();
  const ready = await run.keeper.ready();
  run.tell("draining");
  let left = { open: null, state: "" };
  while (performance.now() - began < DRAIN_MAX_MS) {
    left = await readOpen(ready);
    if (left.open === 0) break;
    await pause(250);
  }
  run.timing.drainMs = Math.round(performance.now() - began);
  if (left.open !== 0) run.tell(`not drained after ${DRAIN_MAX_MS / 1000} s: ${left.state}`);
}

// A collector takes its time: what counts is whether memory comes back, not whether it has at once.
async function settleMemory(run) {
  const began = performance.now();
  const { before } = run.memory;
  const calmMaxMs = run.options.isQuick ? QUICK_CALM_MAX_MS : CALM_MAX_MS;
  do {
    await pause(500);
    run.memory.after = run.watch.now();
    if (run.memory.after.gatewayMb <= before.gatewayMb * MEMORY_RATIO_MAX) break;
  } while (performance.now() - began < calmMaxMs);
  run.memory.calmMs = Math.round(performance.now() - began);
  run.memory.highest = run.watch.highest();
}

async function stopGateway(run) {
  await run.watch.stop();
  const began = performance.now();
  run.exit = await run.keeper.stop();
  await run.world?.stopDatabase();
  run.timing.stopMs = Math.round(performance.now() - began);
  run.leftRunning = postmasterPid(run.dataDir) === null ? 0 : 1;
}

function readLogs(run) {
  return {
    sender: eachRecord(run.senderLog),
    receiver: eachRecord(run.receiverLog),
    nemesis: readLogFile(run.nemesisLog),
  };
}

function minimumOf({ events, kills, databaseKills, isQuick, isMixed, worldRounds = 0 }) {
  return {
    acked: Math.floor(events * 0.97),
    duplicatesSent: Math.floor(events * 0.05),
    forgeriesRefused: Math.floor(events * 0.002),
    // Of mixed faults a third are freezes, which are counted by themselves.
    gatewayKills: isMixed ? Math.floor(kills / 3) : kills,
    databaseKills,
    // What a machine cannot do the log says; the network and the destination can fail anywhere.
    worldFaults: worldRounds * WORLD_FAULTS_LEAST,
    ...(worldRounds > 0 ? leastUpkeep(worldRounds) : {}),
    // A short run may be lucky; a long one that saw neither has not been tested.
    redeliveries: isQuick ? 0 : 1,
    recovered: isQuick ? 0 : 1,
  };
}

const leastUpkeep = (rounds) => ({
  secretsRolled: rounds,
  secretsEnded: rounds,
  ackedWhileRetiring: 1,
  migrations: rounds,
  rollingRestarts: rounds,
});

async function tearDown(run) {
  await run.watch?.stop();
  await run.keeper.stop();
  await run.upkeep?.close();
  await run.world?.stopDatabase();
  run.sender.close();
  run.log.close();
  run.nemesis.close();
  await run.receiver.stop();
  await run.world?.close();
  await removeDataFolder(run.dataDir);
  rmSync(run.folder, { recursive: true, force: true });
}
