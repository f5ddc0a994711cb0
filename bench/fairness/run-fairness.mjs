// What a flood does to others, and what a backlog of low does to critical. The gateway that takes the flood in has no worker,
// so that all of it waits; the one that is measured then starts with it, with every role, on the same database.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, percentile } from "../ingest/figures.mjs";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { startProcess } from "../start-process.mjs";
import { sendFlood, sendSteadily } from "./send.mjs";

const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const RECEIVER = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const SECRET = "whsec_of_the_fairness_bench_000000";
const KEYS = {
  normal: "bench-normal-source-key-000",
  low: "bench-low-source-key-00000",
  critical: "bench-critical-source-key-0",
};
const QUIET_LANES = 100;
const RATIO_MAX = 2;
/** A process that has just started compiles what it runs; both sides are sent to for so long before it counts. */
const WARM_SEC = 3;
const SLOTS = 64;
const POLL_MS = 100;
const DRAIN_MS = 600_000;

/** @param {{ quick?: boolean, rounds?: string, flood?: string, low?: string, seconds?: string }} options @returns {Promise<number>} exit code */
export async function runFairness(options) {
  const size = {
    rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
    flood: Number(options.flood ?? (options.quick ? 20_000 : 200_000)),
    low: Number(options.low ?? (options.quick ? 10_000 : 100_000)),
    seconds: Number(options.seconds ?? (options.quick ? 5 : 20)),
  };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-fairness-"));
  const rig = await startRig(folder);
  try {
    const rounds = [];
    for (let round = 0; round < size.rounds; round++) {
      const calm = await measureQuiet(rig, { ...size, flood: 0 });
      const flooded = await measureQuiet(rig, size);
      rounds.push({ calm, flooded, ratio: flooded.p99Ms / calm.p99Ms });
      process.stderr.write(
        `round ${round + 1}: calm p99 ${calm.p99Ms.toFixed(1)} ms, flooded ${flooded.p99Ms.toFixed(1)} ms\n`,
      );
    }
    const urgent = await measureUrgent(rig, size);
    const report = {
      bench: "fairness",
      at: new Date().toISOString(),
      machine: describeMachine(),
      size,
      rounds,
      urgent,
    };
    return conclude(report);
  } finally {
    await rig.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startRig(folder) {
  const database = await startDatabase(join(folder, "data"));
  const receiver = await startProcess({ args: [RECEIVER], logFile: join(folder, "receiver.log") });
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, configuration(receiver.ready.url));
  let next = 0;
  return {
    takeNumbers: (count) => (next += count) - count,
    gateway: async (roles) => {
      const home = join(folder, "home");
      mkdirSync(home, { recursive: true });
      const places = ["--config", configFile, "--data-dir", home, "--port", "0", "--admin-port", "0", "--role", roles];
      return startProcess({
        args: [GATEWAY, "start", "--json", ...places],
        logFile: join(folder, "gateway.log"),
        env: { DATABASE_URL: database.url },
      });
    },
    ask: async (path) => (await fetch(new URL(path, receiver.ready.url))).json(),
    stop: async () => {
      await receiver.stop();
      await database.stop();
    },
  };
}

function configuration(receiverUrl) {
  const source = (priority) => ({
    provider: "stripe",
    key: KEYS[priority],
    secrets: [SECRET],
    priority,
    lane: "body:/account",
  });
  const definition = {
    sources: { normal: source("normal"), low: source("low"), critical: source("critical") },
    destinations: { app: { url: receiverUrl } },
    routes: ["normal", "low", "critical"].map((name) => ({ source: name, destination: "app" })),
    egress: { allowCidrs: ["127.0.0.0/8"] },
    worker: { concurrency: SLOTS },
    logLevel: "warn",
  };
  return `export default ${JSON.stringify(definition, null, 2)};\n`;
}

const run = `f${Date.now().toString(36).slice(-6)}`;

function targetOf(gateway, priority) {
  return { url: `${gateway.ready.ingestUrl.replace(/\/$/, "")}/in/${KEYS[priority]}`, secret: SECRET, run };
}

/** Has `count` events of one account waiting, and nobody who delivers them. */
async function fill(rig, priority, count) {
  if (count === 0) return;
  const gateway = await rig.gateway("ingest,admin");
  await sendFlood(targetOf(gateway, priority), { account: "acct_flood", from: rig.takeNumbers(count), count });
  await gateway.stop();
}

async function measureQuiet(rig, { flood, seconds: counted }) {
  const seconds = counted + WARM_SEC;
  await fill(rig, "normal", flood);
  await rig.ask("reset");
  const gateway = await rig.gateway("ingest,worker,admin");
  if (flood > 0) await untilCount(rig, (count) => count.others > 0);
  const sending = { from: rig.takeNumbers(QUIET_LANES * seconds), perSecond: QUIET_LANES, seconds, kind: "quiet" };
  const sent = await sendSteadily(targetOf(gateway, "normal"), {
    ...sending,
    accountOf: (i) => `acct_${i % QUIET_LANES}`,
  });
  const during = await rig.ask("count");
  const accepted = sent.statuses["200"] ?? 0;
  await untilCount(rig, (count) => count.marked >= accepted && count.others >= flood);
  const { marked } = await rig.ask("report");
  await gateway.stop();
  const waits = marked
    .map(({ mark, atMs }) => ({ place: Number(mark.split(":")[1]), waitMs: atMs - Number(mark.split(":")[2]) }))
    .filter(({ place }) => place >= QUIET_LANES * WARM_SEC)
    .map(({ waitMs }) => waitMs)
    .toSorted((a, b) => a - b);
  return {
    sent: sent.sent,
    statuses: sent.statuses,
    p50Ms: percentile(waits, 50),
    p99Ms: percentile(waits, 99),
    maxMs: waits.at(-1),
    floodLeft: flood - during.others,
    floodPerSec: during.others / seconds,
  };
}

async function measureUrgent(rig, { low, seconds }) {
  await fill(rig, "low", low);
  await rig.ask("reset");
  const gateway = await rig.gateway("ingest,worker,admin");
  await untilCount(rig, (count) => count.others > SLOTS * 4);
  const sending = { from: rig.takeNumbers(5 * seconds), perSecond: 2, seconds, kind: "critical" };
  const sent = await sendSteadily(targetOf(gateway, "critical"), { ...sending, accountOf: () => "acct_urgent" });
  const during = await rig.ask("count");
  await untilCount(rig, (count) => count.marked >= sent.sent);
  const { marked, others } = await rig.ask("report");
  await gateway.stop();
  const acks = new Map(sent.acks.map(({ mark, ackMs }) => [mark, ackMs]));
  const overtaken = marked.map(({ mark, atMs }) => others.filter((at) => at > acks.get(mark) && at < atMs).length);
  const waits = marked.map(({ mark, atMs }) => Math.max(0, atMs - acks.get(mark))).toSorted((a, b) => a - b);
  const lowPerSec = others.length < 2 ? 0 : (others.length / (others.at(-1) - others[0])) * 1_000;
  return {
    sent: sent.sent,
    statuses: sent.statuses,
    ackToStartP50Ms: percentile(waits, 50),
    ackToStartMaxMs: waits.at(-1),
    lowStartedBetweenMax: Math.max(...overtaken),
    lowLeft: low - during.others,
    batchMs: (SLOTS / lowPerSec) * 1_000,
  };
}

async function untilCount(rig, isReached) {
  const until = performance.now() + DRAIN_MS;
  while (!isReached(await rig.ask("count"))) {
    if (performance.now() > until) throw new Error("what was accepted has not all been delivered in ten minutes");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function conclude(report) {
  const { rounds, urgent } = report;
  const ratio = median(rounds.map((round) => round.ratio));
  const isFair = ratio <= RATIO_MAX;
  // Those that are leased when it comes go before it, and those of the claim that is under way.
  const isStrict = urgent.lowStartedBetweenMax <= 2 * SLOTS;
  const of = (pick) => median(rounds.map(pick)).toFixed(1);
  process.stdout.write(`
Fairness, ${report.machine.cores} cores (${report.machine.processor}), Node ${report.machine.node}, load average ${report.machine.loadAverage[0]}
${QUIET_LANES} quiet lanes, one event a second each, for ${report.size.seconds} s; medians of ${rounds.length} rounds, in turn

                 from due to first attempt   p50 ms     p99 ms
  nobody floods                          ${of((one) => one.calm.p50Ms).padStart(9)}  ${of((one) => one.calm.p99Ms).padStart(9)}
  ${`${report.size.flood} of one lane wait`.padEnd(36)}   ${of((one) => one.flooded.p50Ms).padStart(9)}  ${of((one) => one.flooded.p99Ms).padStart(9)}

  p99 with / without the flood: ${ratio.toFixed(2)}, target ${RATIO_MAX}: ${isFair ? "met" : "MISSED"}
  of the flood left when the quiet lanes ended: ${rounds.map((one) => one.flooded.floodLeft).join(", ")}

${report.size.low} low wait, one critical every half second:
  from its answer to its first attempt: p50 ${urgent.ackToStartP50Ms.toFixed(1)} ms, longest ${urgent.ackToStartMaxMs.toFixed(1)} ms; a batch of ${SLOTS} takes ${urgent.batchMs.toFixed(1)} ms
  low ones that started in between: at most ${urgent.lowStartedBetweenMax}, bar ${2 * SLOTS}: ${isStrict ? "met" : "MISSED"}
`);
  mkdirSync(RESULTS, { recursive: true });
  const name = `fairness-${report.at.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(join(RESULTS, name), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\nWritten: bench/results/${name}\n`);
  const answers = [...rounds.flatMap(({ calm, flooded }) => [calm, flooded]), urgent].flatMap(({ statuses }) =>
    Object.keys(statuses),
  );
  const isClean = answers.every((status) => status === "200");
  if (!isClean) process.stdout.write(`Some events were refused: ${[...new Set(answers)].join(", ")}\n`);
  return isFair && isStrict && isClean ? 0 : 1;
}
