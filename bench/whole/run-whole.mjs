// The whole way: taken in, delivered over HTTP, settled. Holdfast beside the BullMQ recipe with a worker that posts. First so
// many as fast as they are answered, until nothing is left; then at half of that rate, the time from the answer to the first
// byte of the first attempt.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../data-folder.mjs";
import { sendFlood, sendSteadily } from "../fairness/send.mjs";
import { startHoldfast, startRecipe } from "../ingest/contenders.mjs";
import { median, pairedRatio, percentile, spread } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { findVersions } from "../peers/pinned.mjs";
import { cpuMs, machineCpuMs } from "../processes.mjs";
import { saveResults } from "../save-results.mjs";
import { plotOf, print } from "./report.mjs";

const RECEIVER = fileURLToPath(new URL("../fairness/receiver.mjs", import.meta.url));
const SECRET = "whsec_bench0123456789abcdefghijklmnopqrstuv";
const POLL_MS = 10;
const DRAIN_MS = 300_000;
/** The bars: events a second settled, and Holdfast's answer to first attempt at half of its rate. */
const TARGETS = { bullmq: 3, p50Ms: 10, p99Ms: 100 };

/**
 * Runs the bench, prints its table, writes its files.
 *
 * @param {{ quick: boolean, rounds?: string, events?: string, seconds?: string, redis: string }} options
 * @returns {Promise<number>} exit code: 1 when a target was missed or something was not delivered
 */
export async function runWhole(options) {
  const plan = makePlan(options);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  const rigs = [];
  try {
    const run = { folder, secret: SECRET, redis: options.redis };
    rigs.push(toRig(await startHoldfast(run, { name: "holdfast+route", receiver: RECEIVER }), leftInHoldfast));
    const recipe = await startRecipe(run, { name: "bullmq", receiver: RECEIVER });
    const missing = recipe.missing === null ? {} : { bullmq: recipe.missing };
    // Without its queue nobody would deliver for it.
    if (recipe.missing === null) rigs.push(toRig(recipe, leftInRecipe));
    else await recipe.stop();
    const measured = await measureInTurns(rigs, plan);
    const report = makeReport({ plan, quick: options.quick }, rigs, measured, missing);
    print(report);
    saveResults(report, plotOf(report));
    return report.faults.length > 0 || [...report.ratios, ...report.waits].some(({ met }) => met === false) ? 1 : 0;
  } finally {
    for (const rig of rigs) await rig.stop();
    for (const name of ["holdfast+route", "bullmq"]) await removeDataFolder(join(folder, name, "data"));
    rmSync(folder, { recursive: true, force: true });
  }
}

function makePlan({ quick, rounds, events, seconds }) {
  const plan = {
    rounds: Number(rounds ?? (quick ? 2 : 5)),
    events: Number(events ?? (quick ? 2_000 : 20_000)),
    seconds: Number(seconds ?? (quick ? 2 : 10)),
  };
  for (const [name, value] of Object.entries(plan))
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on`);
  return plan;
}

function toRig(contender, countLeft) {
  let next = 0;
  const ask = async (path) => (await fetch(new URL(path, contender.receiverUrl))).json();
  return {
    ...contender,
    target: { url: contender.url, secret: SECRET, run: `w${Date.now().toString(36).slice(-6)}` },
    takeNumbers: (count) => (next += count) - count,
    ask,
    /** Waits until so many have come and the contender itself says that nothing is left. */
    settled: async (isThere) => {
      await until(async () => isThere(await ask("count")));
      await until(async () => (await countLeft(contender)) === 0);
    },
  };
}

async function leftInHoldfast({ ready }) {
  const answer = await fetch(new URL("/api/v1/status", ready.adminUrl), {
    headers: { authorization: `Bearer ${ready.adminToken}` },
  });
  if (!answer.ok) throw new Error(`the gateway's status was answered ${answer.status}`);
  const { deliveries } = await answer.json();
  if (deliveries.depth === null) throw new Error("the deliveries could not be counted in time");
  return Object.values(deliveries.depth).reduce((sum, depth) => sum + depth, 0);
}

async function leftInRecipe({ url }) {
  return (await (await fetch(new URL("/left", url))).json()).left;
}

async function until(isReached) {
  const endMs = performance.now() + DRAIN_MS;
  while (!(await isReached())) {
    if (performance.now() > endMs) throw new Error("what was answered 200 has not all been settled in five minutes");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function measureInTurns(rigs, plan) {
  // Thrown away: code is compiled, connections are opened, the first pages come from the disk.
  for (const rig of rigs) await measureFlood(rig, Math.ceil(plan.events / 4));
  const inTurn = (number) => rigs.map((_, turn) => rigs[(number + turn) % rigs.length]);
  const flood = [];
  const steady = [];
  for (let number = 0; number < plan.rounds; number++)
    for (const rig of inTurn(number))
      flood.push({ contender: rig.name, number, ...(await measureFlood(rig, plan.events)) });
  for (let number = 0; number < plan.rounds; number++)
    for (const rig of inTurn(number)) {
      const rates = flood.filter(({ contender }) => contender === rig.name).map(({ ratePerSec }) => ratePerSec);
      const given = { perSecond: median(rates) / 2, seconds: plan.seconds };
      steady.push({ contender: rig.name, number, ...(await measureSteady(rig, given)) });
    }
  return { flood, steady };
}

async function measureFlood(rig, count) {
  await rig.ask("reset");
  const spent = watchCpu(rig);
  const startMs = performance.now();
  await sendFlood(rig.target, { account: "acct_whole", from: rig.takeNumbers(count), count });
  const answeredMs = performance.now();
  await rig.settled(({ others }) => others >= count);
  const elapsedMs = performance.now() - startMs;
  const { others } = await rig.ask("count");
  return {
    events: count,
    attempts: others,
    answeredPerSec: (count / (answeredMs - startMs)) * 1_000,
    ratePerSec: (count / elapsedMs) * 1_000,
    ...spent(count),
  };
}

/** CPU for each event of the contender's processes, and the share of the machine that was neither theirs nor the sender's. */
function watchCpu(rig) {
  // The processes anew each time: connections come and go, and what has ended counts as its parent's.
  const read = () => {
    const pids = rig.pids();
    return [cpuMs(pids.node), cpuMs(pids.database), cpuMs([process.pid]), machineCpuMs(), performance.now()];
  };
  const before = read();
  return (count) => {
    const [node, database, own, machine, elapsedMs] = read().map((value, i) =>
      value === null || before[i] === null ? null : value - before[i],
    );
    const each = (spent) => (spent === null ? null : (spent * 1_000) / count);
    // The receiver's share is others' by this reckoning; it is the same for both, and a few hundredths.
    const others = machine === null ? null : machine - node - database - own;
    return {
      nodeCpuMicros: each(node),
      databaseCpuMicros: each(database),
      othersShare: others === null ? null : Math.max(0, others / (elapsedMs * availableParallelism())),
    };
  };
}

async function measureSteady(rig, { perSecond, seconds }) {
  await rig.ask("reset");
  const count = Math.round(perSecond * seconds);
  const given = { from: rig.takeNumbers(count), perSecond, seconds, kind: "steady", accountOf: () => "acct_whole" };
  const sent = await sendSteadily(rig.target, given);
  const accepted = sent.statuses["200"] ?? 0;
  await rig.settled(({ marked }) => marked >= accepted);
  const { marked } = await rig.ask("report");
  const acks = new Map(sent.acks.map(({ mark, ackMs }) => [mark, ackMs]));
  const firsts = new Map();
  for (const { mark, atMs } of marked) if (!firsts.has(mark)) firsts.set(mark, atMs);
  const sorted = (values) => values.toSorted((a, b) => a - b);
  // An attempt may begin before its answer has reached the sender: then nobody waited.
  const waits = sorted([...firsts].map(([mark, atMs]) => Math.max(0, atMs - acks.get(mark))));
  const fromDue = sorted([...firsts].map(([mark, atMs]) => atMs - Number(mark.split(":")[2])));
  return {
    perSecond,
    sent: sent.sent,
    statuses: sent.statuses,
    delivered: firsts.size,
    p50Ms: percentile(waits, 50),
    p99Ms: percentile(waits, 99),
    dueP50Ms: percentile(fromDue, 50),
    dueP99Ms: percentile(fromDue, 99),
  };
}

function makeReport({ plan, quick }, rigs, { flood, steady }, missing) {
  const of = (rounds, name) => rounds.filter(({ contender }) => contender === name);
  const lines = rigs.map(({ name }) => {
    const [floods, calms] = [of(flood, name), of(steady, name)];
    const rates = floods.map(({ ratePerSec }) => ratePerSec);
    const middle = (rounds, pick) => (rounds.every((one) => pick(one) !== null) ? median(rounds.map(pick)) : null);
    return {
      contender: name,
      rounds: floods.length,
      ratePerSec: median(rates),
      lowest: Math.min(...rates),
      highest: Math.max(...rates),
      spread: spread(rates),
      answeredPerSec: middle(floods, (one) => one.answeredPerSec),
      nodeCpuMicros: middle(floods, (one) => one.nodeCpuMicros),
      databaseCpuMicros: middle(floods, (one) => one.databaseCpuMicros),
      othersShare: middle(floods, (one) => one.othersShare),
      halfPerSec: middle(calms, (one) => one.perSecond),
      p50Ms: middle(calms, (one) => one.p50Ms),
      p99Ms: middle(calms, (one) => one.p99Ms),
      p99LowestMs: Math.min(...calms.map((one) => one.p99Ms)),
      p99HighestMs: Math.max(...calms.map((one) => one.p99Ms)),
      dueP99Ms: middle(calms, (one) => one.dueP99Ms),
    };
  });
  const [ours] = lines;
  const ratio = rigs.length === 1 ? null : pairedRatio(of(flood, rigs[0].name), of(flood, "bullmq"));
  const { versions, faults } = findVersions();
  const lost = steady.filter((one) => one.delivered !== one.sent);
  const target = TARGETS.bullmq;
  return {
    bench: "whole",
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions,
    quick,
    plan,
    contenders: Object.fromEntries(rigs.map(({ name, what }) => [name, what])),
    missing,
    lines,
    ratios: ratio === null ? [] : [{ of: ours.contender, to: "bullmq", ...ratio, target, met: ratio.median >= target }],
    waits: ["p50Ms", "p99Ms"].map((name) => ({
      what: name.slice(0, 3),
      valueMs: ours[name],
      targetMs: TARGETS[name],
      met: ours[name] <= TARGETS[name],
    })),
    faults: [...faults, ...lost.map((one) => `${one.contender}: ${one.delivered} of ${one.sent} were delivered`)],
    flood,
    steady,
  };
}
