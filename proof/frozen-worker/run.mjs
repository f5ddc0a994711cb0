// A worker stands still (SIGSTOP) beyond its lease while its requests are under way. Another takes the deliveries over; then the
// first goes on and gets its answers. What it would write down comes from leases that are no longer its own: it must change
// nothing. Both are processes of the gateway on one database, and the database's trigger says who moved what.
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { eventBody, eventId, seededRandom, signatureHeader } from "../../bench/stripe-event.mjs";
import { startProcess } from "../../bench/start-process.mjs";
import { RECORD_MOVES } from "../checker/moves-log.mjs";
import { withMutant } from "../mutants/with-mutant.mjs";
import { publishReport } from "../report/save-report.mjs";
import { judgeFrozenWorker } from "./judge.mjs";
import { startHoldingReceiver } from "./receiver.mjs";

const USAGE = `npm run proof -- frozen-worker [options]
  --events <n>     how many it has under way when it is frozen (default 40, at most 60)
  --seed <n>       decides the events (default 1)
  --mutant <id>    put a mutant of the product to it (M4 must break S2)
  --json           one line of JSON instead of the summary
`;
const DIST = new URL("../../gateway/dist/", import.meta.url);
const KEY = "proof-stripe-source-key-000";
const SECRET = "whsec_of_the_frozen_worker_proof_00";
/** The shortest that the configuration allows beside the default timeout. */
const LEASE_MS = 30_500;
const TIMEOUT_MS = 15_000;
const EVENTS_MAX = 60;
const WAIT_MS = 180_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** @returns {Promise<number>} exit code: 0 when it changed nothing */
export async function runFrozenWorker(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const report = await withMutant(options.mutant, (program) => proveFrozenWorker({ ...options, program }));
  publishReport(report, options);
  return report.verdict === "true" ? 0 : 1;
}

/**
 * @param {{ events: number, seed: number, mutant?: string, program?: string }} options `program` is another build's bin/holdfast.js
 * @returns {Promise<import("../report/report.d.ts").Report>}
 */
export async function proveFrozenWorker(options) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const undo = [() => rmSync(folder, { recursive: true, force: true })];
  const cleanUp = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  const onSignal = () => cleanUp().finally(() => process.exit(130));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const scene = await setUp(options, folder, undo);
    await play(options, scene);
    return await judgeFrozenWorker(options, scene, LEASE_MS);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await cleanUp();
  }
}

async function setUp({ program }, folder, undo) {
  const { startEmbedded } = await import(new URL("store/embedded/start-embedded.js", DIST).href);
  const settings = { max_connections: "200" };
  const server = await startEmbedded({ log: silent, dataDir: join(folder, "database"), settings });
  if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
  undo.push(async () => {
    await server.stop();
    rmSync(server.home, { recursive: true, force: true });
  });
  const receiver = await startHoldingReceiver();
  undo.push(() => receiver.stop());
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(definition(receiver.url))};\n`);
  const env = { HOLDFAST_SECRET_KEY: randomBytes(32).toString("base64") };
  const start = async (name, role) => {
    const url = new URL(server.url);
    url.searchParams.set("options", `-c proof.process=${name}`);
    const logFile = join(folder, `${name}.log`);
    const places = ["--config", configFile, "--data-dir", join(folder, name), "--port", "0"];
    const args = [program ?? "gateway/bin/holdfast.js", "start", "--json", "--role", role, ...places];
    const started = await startProcess({ args, logFile, env: { ...env, DATABASE_URL: url.href } });
    undo.push(async () => {
      // One that is still frozen would not hear of its end.
      wake(started.pid);
      await started.stop();
    });
    return { ...started, said: (text) => readFileSync(logFile, "utf8").split(text).length - 1 };
  };
  const query = async (text) => {
    const client = new pg.Client({ connectionString: server.adminUrl });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  return { start, query, receiver, nemesis: [] };
}

function wake(pid) {
  try {
    process.kill(pid, "SIGCONT");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function definition(url) {
  return {
    sources: { stripe: { provider: "stripe", key: KEY, secrets: [SECRET] } },
    destinations: { app: { url, timeoutMs: TIMEOUT_MS, retry: { scheduleSec: [1, 1, 1, 1] } } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
    worker: { leaseMs: LEASE_MS, concurrency: EVENTS_MAX },
    admin: { databaseConnections: 2 },
  };
}

async function play({ events, seed }, scene) {
  const { start, query, receiver, nemesis } = scene;
  const door = await start("door", "ingest");
  await query(RECORD_MOVES);
  const first = await start("first", "worker");
  scene.acked = await sendAll(`${door.ready.ingestUrl}/in/${KEY}`, events, seed);
  await until(() => receiver.held(1) === events, "every event to be under way");
  process.kill(first.pid, "SIGSTOP");
  nemesis.push({ kind: "frozen", target: "worker", how: "SIGSTOP past its lease", t: Date.now() });
  const second = await start("second", "worker");
  await until(() => receiver.held(2) === events, "the second worker to take them over");
  receiver.answer(1, 500);
  process.kill(first.pid, "SIGCONT");
  // It refuses itself, or, in a build that is broken, it has moved what was not its own.
  const moved = async () =>
    (await query("SELECT count(*)::int AS n FROM public.move WHERE by = 'first'"))[0].n - events;
  await until(
    async () => first.said('"next":"lease_lost"') + (await moved()) >= events,
    "the first one's late outcomes",
  );
  scene.lateRefused = first.said('"next":"lease_lost"');
  receiver.open();
  await until(
    async () => (await query("SELECT count(*)::int AS n FROM holdfast.delivery"))[0].n === 0,
    "the end of the work",
  );
  for (const one of [first, second, door]) await one.stop();
}

async function sendAll(url, events, seed) {
  const random = seededRandom(seed);
  const acked = [];
  for (let i = 0; i < events; i++) {
    const body = eventBody(random, eventId("frozen", i), 1_760_000_000);
    const signature = signatureHeader(SECRET, body, Math.floor(Date.now() / 1_000));
    const headers = { "content-type": "application/json", "stripe-signature": signature };
    // As a provider does: again until it is taken, for the machine may be too busy when a worker has just started.
    await until(async () => {
      const answer = await fetch(url, { method: "POST", headers, body });
      await answer.arrayBuffer();
      if (answer.ok) acked.push(answer.headers.get("holdfast-event"));
      return answer.ok;
    }, "every event to be acknowledged");
  }
  return acked;
}

async function until(isSo, what) {
  const end = performance.now() + WAIT_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`);
    await pause(50);
  }
}

function readOptions(args) {
  const names = ["events", "seed", "mutant"];
  try {
    const options = {
      ...Object.fromEntries(names.map((name) => [name, { type: "string" }])),
      json: { type: "boolean" },
    };
    const { values } = parseArgs({ args, options });
    const [events, seed] = [values.events ?? "40", values.seed ?? "1"].map(Number);
    if (!Number.isInteger(events) || events < 1 || events > EVENTS_MAX || !Number.isInteger(seed))
      throw new Error(`--events must be 1 to ${EVENTS_MAX}, --seed a whole number`);
    return { events, seed, mutant: values.mutant, isJson: values.json === true };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return null;
  }
}
