// What a destination that answers after half a minute, with a long queue, costs the others. Two databases take turns: one
// has nothing but the others' events, in the other the slow destination's wait as well.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sendFlood, sendSteadily } from "../fairness/send.mjs";
import { wallMs } from "../fairness/wall-clock.mjs";
import { median, percentile } from "../ingest/figures.mjs";
import { startDatabase } from "../servers.mjs";
import { describeMachine } from "../machine.mjs";
import { startProcess } from "../start-process.mjs";

const GATEWAY = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const RECEIVER = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const SECRET = "whsec_of_the_slow_destination_bench";
const KEYS = { app: "bench-others-source-key-000", slow: "bench-slow-source-key-00000" };
const SLOTS = 64;
const RATE = 100;
const THROUGHPUT_MIN = 0.9;
const P99_MAX = 1.5;
const POLL_MS = 50;
const DRAIN_MS = 600_000;
const run = `s${Date.now().toString(36).slice(-6)}`;

/** @param {{ quick?: boolean, rounds?: string, waiting?: string, events?: string, seconds?: string }} options @returns {Promise<number>} exit code */
export async function runSlowDestination(options) {
  const size = {
    rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
    waiting: Number(options.waiting ?? (options.quick ? 5_000 : 200_000)),
    events: Number(options.events ?? (options.quick ? 2_000 : 20_000)),
    seconds: Number(options.seconds ?? (options.quick ? 5 : 20)),
  };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-slow-"));
  const [calm, burdened] = [await startRig(folder, "calm"), await startRig(folder, "burdened")];
  try {
    await fill(burdened, size.waiting);
    const first = await measureFirst(burdened);
    const rounds = [];
    for (let round = 0; round < size.rounds; round++) {
      const without = await measure(calm, size);
      const withSlow = await measure(burdened, size);
      rounds.push({ without, withSlow });
      const tell = ({ perSec, p99Ms }) => `${Math.round(perSec)}/s, p99 ${p99Ms.toFixed(1)} ms`;
      process.stderr.write(`round ${round + 1}: without ${tell(without)}; with ${tell(withSlow)}\n`);
    }
    const machine = describeMachine();
    return conclude({ bench: "slow-destination", at: new Date().toISOString(), machine, size, first, rounds });
  } finally {
    await calm.stop();
    await burdened.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startRig(folder, name) {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const database = await startDatabase(join(home, "data"));
  const receiver = await startProcess({ args: [RECEIVER], logFile: join(folder, `${name}-receiver.log`) });
  const configFile = join(home, "holdfast.config.mjs");
  writeFileSync(configFile, configuration(receiver.ready.url));
  let next = 0;
  return {
    takeNumbers: (count) => (next += count) - count,
    gateway: async (roles) => {
      const places = ["--config", configFile, "--data-dir", home, "--port", "0", "--admin-port", "0", "--role", roles];
      return startProcess({
        args: [GATEWAY, "start", "--json", ...places],
        logFile: join(folder, `${name}.log`),
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
  const source = (name) => ({ provider: "stripe", key: KEYS[name], secrets: [SECRET], lane: "body:/account" });
  const definition = {
    sources: { app: source("app"), slow: source("slow") },
    destinations: { app: { url: `${receiverUrl}app` }, slow: { url: `${receiverUrl}slow`, timeoutMs: 60_000 } },
    routes: ["app", "slow"].map((name) => ({ source: name, destination: name })),
    egress: { allowCidrs: ["127.0.0.0/8"] },
    worker: { concurrency: SLOTS },
    drainTimeoutMs: 4_000,
  };
  return `export default ${JSON.stringify(definition, null, 2)};\n`;
}

function targetOf(gateway, name) {
  return { url: `${gateway.ready.ingestUrl.replace(/\/$/, "")}/in/${KEYS[name]}`, secret: SECRET, run };
}

/** Has `count` events wait for the slow destination while nobody delivers. */
async function fill(rig, count) {
  const gateway = await rig.gateway("ingest,admin");
  await sendFlood(targetOf(gateway, "slow"), { account: "acct_slow", from: rig.takeNumbers(count), count });
  await gateway.stop();
}

/** The worst moment: every slot is free, and only the slow destination's are ready. How long until another's is tried? */
async function measureFirst(rig) {
  await rig.ask("/reset");
  const gateway = await rig.gateway("ingest,worker,admin");
  await until(rig, ({ slowOpen }) => slowOpen >= SLOTS / 2);
  const from = rig.takeNumbers(1);
  const plan = { from, perSecond: 1, seconds: 1, kind: "first", accountOf: () => "acct_first" };
  await sendSteadily(targetOf(gateway, "app"), plan);
  await until(rig, ({ marked }) => marked === 1);
  const { marked, slowOpenMax } = await rig.ask("/report");
  await gateway.stop();
  return { waitMs: marked[0].atMs - Number(marked[0].mark.split(":")[2]), slowOpenMax };
}

async function measure(rig, { events, seconds }) {
  await rig.ask("/reset");
  const gateway = await rig.gateway("ingest,worker,admin");
  const target = targetOf(gateway, "app");
  // Begun before it is measured: connections are open, and a slow destination has its slots.
  await sendFlood(target, { account: "acct_warm", from: rig.takeNumbers(500), count: 500 });
  await until(rig, ({ others }) => others >= 500);
  const steady = { from: rig.takeNumbers(RATE * seconds), perSecond: RATE, seconds, kind: "steady" };
  const sent = await sendSteadily(target, { ...steady, accountOf: (i) => `acct_${i % 50}` });
  await until(rig, ({ marked }) => marked >= (sent.statuses["200"] ?? 0));
  const startMs = wallMs();
  await sendFlood(target, { account: "acct_many", from: rig.takeNumbers(events), count: events });
  await until(rig, ({ others }) => others >= 500 + events);
  const { marked, others, slowOpenMax } = await rig.ask("/report");
  await gateway.stop();
  const waits = marked.map(({ mark, atMs }) => atMs - Number(mark.split(":")[2])).toSorted((a, b) => a - b);
  return {
    statuses: sent.statuses,
    p50Ms: percentile(waits, 50),
    p99Ms: percentile(waits, 99),
    perSec: (events / (others.at(-1) - startMs)) * 1_000,
    slowOpenMax,
  };
}

async function until(rig, isReached) {
  const endMs = performance.now() + DRAIN_MS;
  while (!isReached(await rig.ask("/count"))) {
    if (performance.now() > endMs) throw new Error("what was accepted has not all been delivered in ten minutes");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function conclude(report) {
  const { rounds, first, size, machine } = report;
  const throughput = median(rounds.map(({ without, withSlow }) => withSlow.perSec / without.perSec));
  const p99 = median(rounds.map(({ without, withSlow }) => withSlow.p99Ms / without.p99Ms));
  const of = (pick) => median(rounds.map(pick));
  const line = (title, side) =>
    `  ${title.padEnd(38)} ${String(Math.round(of((one) => one[side].perSec))).padStart(8)} ${of(
      (one) => one[side].p50Ms,
    )
      .toFixed(1)
      .padStart(9)} ${of((one) => one[side].p99Ms)
      .toFixed(1)
      .padStart(9)}`;
  const isMet = throughput >= THROUGHPUT_MIN && p99 <= P99_MAX;
  process.stdout.write(`
A destination that answers after 30 s, ${machine.cores} cores (${machine.processor}), Node ${machine.node}, load average ${machine.loadAverage[0]}
${SLOTS} slots; others: ${RATE} events a second for ${size.seconds} s, then ${size.events} as fast as they go; medians of ${rounds.length} rounds, in turn

  others                                  events/s    p50 ms    p99 ms
${line("alone", "without")}
${line(`${size.waiting} wait for the slow one`, "withSlow")}

  throughput with / without: ${throughput.toFixed(2)}, target ${THROUGHPUT_MIN}: ${throughput >= THROUGHPUT_MIN ? "met" : "MISSED"}
  p99 with / without: ${p99.toFixed(2)}, target ${P99_MAX}: ${p99 <= P99_MAX ? "met" : "MISSED"}
  when all slots had just gone to the slow one, another's event waited ${Math.round(first.waitMs)} ms; open there at once: ${first.slowOpenMax}, later ${of((one) => one.withSlow.slowOpenMax)}
`);
  mkdirSync(RESULTS, { recursive: true });
  const name = `slow-destination-${report.at.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(join(RESULTS, name), `${JSON.stringify({ ...report, throughput, p99 }, null, 2)}\n`);
  process.stdout.write(`\nWritten: bench/results/${name}\n`);
  return isMet ? 0 : 1;
}
