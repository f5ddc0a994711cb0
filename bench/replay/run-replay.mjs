// What a large replay costs live traffic: events are recorded while no route wants them, then replayed to a destination while
// live events come at a steady rate. Measured is the time from when a live event was due to its first attempt, with and without.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sendFlood, sendSteadily } from "../fairness/send.mjs";
import { median, percentile } from "../ingest/figures.mjs";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { startProcess } from "../start-process.mjs";

const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const RECEIVER = fileURLToPath(new URL("../fairness/receiver.mjs", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const SECRET = "whsec_of_the_replay_bench_0000000";
const KEYS = { stored: "bench-stored-source-key-000", live: "bench-live-source-key-00000" };
const LIVE_PER_SEC = 50;
const RATIO_MAX = 1.5;
const ENDED_MS = 900_000;

/**
 * @param {{ quick?: boolean, rounds?: string, events?: string, seconds?: string, rate?: string }} options
 * @returns {Promise<number>} exit code
 */
export async function runReplay(options) {
  const size = {
    rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
    events: Number(options.events ?? (options.quick ? 5_000 : 100_000)),
    seconds: Number(options.seconds ?? (options.quick ? 5 : 30)),
    ratePerSec: Number(options.rate ?? 100),
  };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-replay-"));
  const database = await startDatabase(join(folder, "data"));
  const receiver = await startProcess({ args: [RECEIVER], logFile: join(folder, "receiver.log") });
  const rig = { folder, database, receiver, next: 0, run: `r${Date.now().toString(36).slice(-6)}` };
  try {
    await record(rig, size);
    const report = await measure(rig, size);
    return conclude({ bench: "replay", at: new Date().toISOString(), machine: describeMachine(), size, ...report });
  } finally {
    await receiver.stop();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Records what is to be replayed, while nothing is routed. */
async function record(rig, { events }) {
  const gateway = await start(rig, { isRouted: false, roles: "ingest,admin" });
  await sendFlood(targetOf(rig, gateway, "stored"), { account: "acct_stored", from: take(rig, events), count: events });
  await gateway.stop();
}

async function measure(rig, size) {
  const gateway = await start(rig, { isRouted: true, roles: "ingest,worker,admin" });
  const calm = [];
  const during = [];
  await measureLive(rig, gateway, { ...size, seconds: 3 });
  for (let round = 0; round < size.rounds; round++) calm.push(await measureLive(rig, gateway, size));
  const wish = { sources: ["stored"], states: ["missing"], ratePerSec: size.ratePerSec, since: "2020-01-01T00:00:00Z" };
  const planned = await ask(gateway, "POST", "/replays", wish);
  await ask(gateway, "POST", "/replays/run", { token: planned.token });
  for (let round = 0; round < size.rounds; round++) during.push(await measureLive(rig, gateway, size));
  const midway = (await ask(gateway, "GET", `/replays/${planned.id}`)).summary;
  const replay = await whenEnded(gateway, planned.id);
  await gateway.stop();
  return { calm, during, midway, replay };
}

async function whenEnded(gateway, id) {
  const until = performance.now() + ENDED_MS;
  for (;;) {
    const { state, summary, startedAt, endedAt } = await ask(gateway, "GET", `/replays/${id}`);
    if (state !== "running") return { state, summary, tookSec: (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000 };
    if (performance.now() > until) throw new Error("the replay has not ended in fifteen minutes");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function measureLive(rig, gateway, { seconds }) {
  await fetch(new URL("reset", rig.receiver.ready.url));
  const count = LIVE_PER_SEC * seconds;
  const plan = { from: take(rig, count), perSecond: LIVE_PER_SEC, seconds, kind: "live", accountOf: () => "acct_live" };
  const sent = await sendSteadily(targetOf(rig, gateway, "live"), plan);
  const tell = async (path) => (await fetch(new URL(path, rig.receiver.ready.url))).json();
  while ((await tell("count")).marked < sent.sent) await new Promise((resolve) => setTimeout(resolve, 50));
  const { marked, others } = await tell("report");
  const waits = marked.map(({ mark, atMs }) => atMs - Number(mark.split(":")[2])).toSorted((a, b) => a - b);
  const [p50Ms, p99Ms] = [percentile(waits, 50), percentile(waits, 99)];
  return { sent: sent.sent, statuses: sent.statuses, p50Ms, p99Ms, replayedPerSec: others.length / seconds };
}

function start(rig, { isRouted, roles }) {
  const configFile = join(rig.folder, `holdfast-${isRouted}.config.mjs`);
  const source = (name) => ({ provider: "stripe", key: KEYS[name], secrets: [SECRET] });
  const routed = isRouted ? ["stored", "live"] : ["live"];
  const definition = {
    sources: { stored: source("stored"), live: source("live") },
    destinations: { app: { url: rig.receiver.ready.url } },
    routes: routed.map((name) => ({ source: name, destination: "app" })),
    egress: { allowCidrs: ["127.0.0.0/8"] },
  };
  writeFileSync(configFile, `export default ${JSON.stringify(definition)};\n`);
  const home = join(rig.folder, "home");
  mkdirSync(home, { recursive: true });
  const places = ["--config", configFile, "--data-dir", home, "--port", "0", "--admin-port", "0", "--role", roles];
  return startProcess({
    args: [GATEWAY, "start", "--json", ...places],
    logFile: join(rig.folder, "gateway.log"),
    env: { DATABASE_URL: rig.database.url },
  });
}

function targetOf(rig, gateway, name) {
  return { url: `${gateway.ready.ingestUrl.replace(/\/$/, "")}/in/${KEYS[name]}`, secret: SECRET, run: rig.run };
}

function take(rig, count) {
  rig.next += count;
  return rig.next - count;
}

async function ask(gateway, method, path, body) {
  const { adminUrl, adminToken } = gateway.ready;
  const response = await fetch(`${adminUrl.replace(/\/$/, "")}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

function conclude(report) {
  const { size, calm, during, midway, replay, machine } = report;
  const of = (rounds, pick) => median(rounds.map(pick));
  const ratio = of(during, (one) => one.p99Ms) / of(calm, (one) => one.p99Ms);
  const wasBeside = midway.replayed < size.events || size.events <= 5_000;
  const isWhole = replay.summary.processed === size.events && replay.summary.integrity_check === "pass";
  const isMet = ratio <= RATIO_MAX;
  const line = (name, rounds) =>
    `  ${name.padEnd(34)} ${of(rounds, (one) => one.p50Ms)
      .toFixed(1)
      .padStart(8)}  ${of(rounds, (one) => one.p99Ms)
      .toFixed(1)
      .padStart(8)}`;
  process.stdout.write(`
Replay, ${machine.cores} cores (${machine.processor}), Node ${machine.node}, load average ${machine.loadAverage[0]}
${LIVE_PER_SEC} live events a second, ${size.rounds} rounds of ${size.seconds} s

  from due to first attempt            p50 ms    p99 ms
${line("nothing is replayed", calm)}
${line(`beside ${size.events} at ${size.ratePerSec}/s`, during)}

  p99 beside / without: ${ratio.toFixed(2)}, target ${RATIO_MAX}: ${isMet ? "met" : "MISSED"}
  replayed beside live traffic: ${of(during, (one) => one.replayedPerSec).toFixed(0)} a second; ${replay.summary.processed} processed in ${replay.tookSec.toFixed(0)} s, check ${replay.summary.integrity_check}
`);
  mkdirSync(RESULTS, { recursive: true });
  const name = `replay-${report.at.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(join(RESULTS, name), `${JSON.stringify({ ...report, ratio }, null, 2)}\n`);
  process.stdout.write(`\nWritten: bench/results/${name}\n`);
  return isMet && isWhole && wasBeside ? 0 : 1;
}
