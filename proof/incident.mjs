// The incident of the field's guide: 980 events, an outage that leaves 37 undone of which one is poisoned, the provider's own
// retries arriving meanwhile. Two responders run the same plan at once, and the gateway is killed three times while the replay
// runs. It has to end with 36 processed, 1 failed for good, 943 skipped, its check passed, and one effect for each key.
// docs/replay.md
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { removeDataFolder } from "../bench/data-folder.mjs";
import { freePort } from "../bench/free-port.mjs";
import { eventBody, eventId, seededRandom, signatureHeader } from "../bench/stripe-event.mjs";
import { createGatewayKeeper } from "./kill-flood/gateway-keeper.mjs";
import { makeReport } from "./report/make-report.mjs";
import { publishReport } from "./report/save-report.mjs";

const USAGE = `npm run proof -- incident [options]
  --events <n>   events in all (default 980)
  --undone <n>   those that the outage leaves undone, one of them poisoned (default 37)
  --kills <n>    SIGKILL to the gateway while the replay runs (default 3)
  --json         one line of JSON instead of the summary
`;
const KEY = "proof-stripe-source-key-000";
const SECRET = "whsec_of_the_incident_proof_000000";
const SENDERS = 16;
const WAIT_MS = 240_000;

/** @returns {Promise<number>} exit code: 0 when the incident ended as it must */
export async function runIncident(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const receiver = await openReceiver();
  const port = await freePort();
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(definition(receiver.url))};\n`);
  const dataDir = join(folder, "data");
  const unasked = [];
  const keeper = createGatewayKeeper({
    configFile,
    dataDir,
    logFile: join(folder, "gateway.log"),
    port,
    adminPort: await freePort(),
    onEnded: (end) => unasked.push(end),
  });
  try {
    const report = await Promise.race([incident(options, { keeper, receiver, port }), keeper.failed]);
    const faults = judge(options, report, receiver, unasked);
    publishReport(toReport(options, report, receiver, faults), { isJson: options.json });
    return faults.length === 0 ? 0 : 1;
  } finally {
    await keeper.stop();
    receiver.close();
    await removeDataFolder(dataDir);
    await removeDataFolder(folder);
  }
}

function definition(url) {
  return {
    sources: { stripe: { provider: "stripe", key: KEY, secrets: [SECRET] } },
    destinations: { app: { url, timeoutMs: 5_000, retry: { scheduleSec: [1], refusalsMax: 1 } } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
    // The shortest that the configuration allows: what a kill strands is back that much later.
    worker: { leaseMs: 30_500 },
  };
}

/** Acts once for each arrival that it answers 204; `outage` names the events that it cannot take now. */
async function openReceiver() {
  const state = { outage: new Set(), poisoned: "", effects: new Map(), arrivals: 0 };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { id } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const key = request.headers["idempotency-key"];
      state.arrivals++;
      if (id === state.poisoned) return response.writeHead(state.outage.has(id) ? 503 : 422).end();
      if (state.outage.has(id)) return response.writeHead(503).end();
      const keys = state.effects.get(id) ?? new Map();
      keys.set(key, (keys.get(key) ?? 0) + 1);
      state.effects.set(id, keys);
      return response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

async function incident(options, { keeper, receiver, port }) {
  await keeper.ready();
  const random = seededRandom(7);
  const ids = Array.from({ length: options.events }, (_, i) => eventId("incident", i));
  const bodies = new Map(ids.map((id) => [id, eventBody(random, id, 1_700_000_000)]));
  const undone = ids.slice(-options.undone);
  receiver.outage = new Set(undone);
  [receiver.poisoned] = undone;
  const post = (id) => send(port, bodies.get(id));
  await sendAll(ids, post);
  await until(async () => (await depth(keeper)) === 0, "the queue to drain");
  // The destination is well again, but for the one event that it will never take.
  receiver.outage = new Set();
  const wish = { sources: ["stripe"], ratePerSec: options.kills > 0 ? 2 : 100, inFlightMax: 4 };
  const planned = await ask(keeper, "POST", "/replays", wish);
  const twice = [1, 2].map((who) =>
    ask(keeper, "POST", "/replays/run", { token: planned.token, by: `responder ${who}` }),
  );
  const started = await Promise.all(twice);
  const other = await ask(keeper, "POST", "/replays", wish);
  const refused = await ask(keeper, "POST", "/replays/run", { token: other.token }, 409);
  const retries = sendAll(undone, post);
  for (let kill = 1; kill <= options.kills; kill++) {
    const goal = Math.floor((options.undone * kill) / (options.kills + 1));
    await until(async () => (await show(keeper, planned.id)).summary.replayed >= goal, `${goal} replayed`);
    keeper.kill();
    await pause(200);
    await keeper.ready();
  }
  await retries;
  await until(async () => (await show(keeper, planned.id)).state !== "running", "the replay to end");
  const events = await ask(keeper, "GET", "/replays?limit=5");
  return { planned, started, refused, replay: await show(keeper, planned.id), listed: events.items.length };
}

async function sendAll(ids, post) {
  const queue = [...ids];
  const one = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await persist(() => post(id));
  };
  await Promise.all(Array.from({ length: SENDERS }, one));
}

// As a provider does: what is not answered 200 is sent again.
async function persist(post) {
  for (;;) {
    const status = await post().catch(() => 0);
    if (status === 200) return;
    await pause(100);
  }
}

async function send(port, body) {
  const header = signatureHeader(SECRET, body, Math.floor(Date.now() / 1_000));
  const headers = { "content-type": "application/json", "stripe-signature": header };
  const response = await fetch(`http://127.0.0.1:${port}/in/${KEY}`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

async function ask(keeper, method, path, body, expected = 0) {
  const { adminUrl, adminToken } = await keeper.ready();
  const response = await fetch(`${adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (expected === 0 ? !response.ok : response.status !== expected)
    throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

const show = (keeper, id) => ask(keeper, "GET", `/replays/${id}`);

async function depth(keeper) {
  const { deliveries } = await ask(keeper, "GET", "/status");
  if (deliveries.depth === null) throw new Error("the deliveries could not be counted in time");
  return Object.values(deliveries.depth).reduce((sum, count) => sum + count, 0);
}

async function until(isSo, what) {
  const end = performance.now() + WAIT_MS;
  // While a killed gateway starts again nobody answers.
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`);
    await pause(100);
  }
}

function judge(options, { replay, started, refused }, receiver, unasked) {
  const { events, undone } = options;
  const wanted = {
    events_scanned: events,
    replayed: undone,
    duplicate_skipped: events - undone,
    processed: undone - 1,
    failed_permanent: 1,
    still_waiting: 0,
    integrity_check: "pass",
  };
  const faults = Object.entries(wanted)
    .filter(([name, value]) => replay.summary[name] !== value)
    .map(([name, value]) => `${name} is ${replay.summary[name]}, not ${value}`);
  if (replay.state !== "completed") faults.push(`the replay is ${replay.state}`);
  if (new Set(started.map(({ id }) => id)).size !== 1) faults.push("one token ran twice");
  if (!/has been running rpl_\w+ since/.test(refused.detail))
    faults.push(`an overlapping run was refused with: ${refused.detail}`);
  if (receiver.effects.size !== events - 1)
    faults.push(`${receiver.effects.size} events had an effect, not ${events - 1}`);
  const keys = [...receiver.effects.values()].filter((one) => one.size !== 1).length;
  if (keys > 0) faults.push(`${keys} events arrived under more than one key`);
  // A kill between the receiver's answer and our commit is why a receiver deduplicates; without kills there is none.
  const doubled = countDoubled(receiver);
  if (doubled > (options.kills > 0 ? options.kills * 4 : 0))
    faults.push(`${doubled} keys were answered more than once`);
  if (unasked.length > 0) faults.push("the gateway ended by itself");
  return faults;
}

const countDoubled = ({ effects }) =>
  [...effects.values()].filter((one) => [...one.values()].some((count) => count > 1)).length;

function toReport({ events, undone, kills }, { replay }, receiver, faults) {
  const checks = replay.checks.map(({ name, passed, detail }) => ({
    id: null,
    name: `the replay's own check: ${name}`,
    broken: passed ? 0 : 1,
    examples: passed ? [] : [detail],
  }));
  const summary = Object.entries(replay.summary).filter(([, value]) => typeof value === "number");
  return makeReport({
    proof: "incident",
    about: `${events} events, an outage that leaves ${undone} of them undone, one of those poisoned; two responders replay them at once while the provider sends them again and the gateway is killed ${kills} times.`,
    repeat: `npm run proof -- incident --events ${events} --undone ${undone} --kills ${kills}`,
    seeds: [7],
    verdict: faults.length === 0 ? "true" : "false",
    reasons: faults,
    faults: kills > 0 ? { "gateway SIGKILL": kills } : {},
    counts: {
      acked: events,
      arrivals: receiver.arrivals,
      // Delivered a second time by a kill between the receiver's answer and our commit.
      redeliveries: countDoubled(receiver),
      ...Object.fromEntries(summary.map(([name, value]) => [name.replaceAll("_", " "), value])),
    },
    rules: [
      { id: null, name: "the incident does not end as it must", broken: faults.length, examples: faults },
      ...checks,
    ],
    bars: [],
    recoveryMs: {},
  });
}

function readOptions(args) {
  try {
    const numbers = Object.fromEntries(["events", "undone", "kills"].map((name) => [name, { type: "string" }]));
    const { values } = parseArgs({ args, options: { ...numbers, json: { type: "boolean" } } });
    const [events, undone, kills] = [values.events ?? "980", values.undone ?? "37", values.kills ?? "3"].map(Number);
    if (![events, undone, kills].every(Number.isInteger) || undone < 2 || undone >= events || kills < 0)
      throw new Error(
        "--events, --undone and --kills must be whole numbers, --undone at least 2 and fewer than --events",
      );
    return { events, undone, kills, json: values.json === true };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return null;
  }
}
