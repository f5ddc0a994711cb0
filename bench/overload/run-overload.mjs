// What happens at three times the capacity: who is accepted, what the others are answered, whether memory stays flat, how long
// the drain takes, and whether anything that was acked is lost.
import { fork } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../data-folder.mjs";
import { median } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { rssMb } from "../processes.mjs";
import { endChildWithUs, startGateway, startProcess } from "../start-process.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const SENDER = fileURLToPath(new URL("./send.mjs", import.meta.url));
const RECEIVER = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
const SECRET = "whsec_bench0123456789abcdefghijklmnopqrstuv";
/** Which part of all arrivals each class is. */
const MIX = { critical: 0.1, high: 0.2, normal: 0.4, low: 0.3 };
const FLAT = 1.25;
const DRAIN_MS_MAX = 900_000;

/**
 * @param {{ quick: boolean, factor: string, seconds?: string, connections?: string, rate?: string }} options
 * @returns {Promise<number>} exit code: 1 when a promise of overload was not kept
 */
export async function runOverload({ quick, factor, seconds, connections, rate }) {
  const durationMs = Number(seconds ?? (quick ? 8 : 60)) * 1_000;
  const perClass = Number(connections ?? (quick ? 1_000 : 2_000));
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  chmodSync(folder, 0o711);
  const receiver = await startProcess({ args: [RECEIVER], logFile: join(folder, "receiver.log") });
  const gateway = await start(folder, receiver.ready.url);
  const dataDir = join(folder, "data");
  try {
    const measure = { gateway, receiver, perClass };
    // At the capacity that is shared with the sender: it sends as fast as it is answered, all of it critical.
    const capacity = rate === undefined ? await findCapacity(measure, quick) : Number(rate);
    await drained(gateway);
    const samples = [];
    const sampler = setInterval(() => samples.push(rssMb(gateway.pid)), 1_000);
    const result = await send(measure, { durationMs, ratePerSec: capacity * Number(factor), mark: "o" });
    clearInterval(sampler);
    const drainedMs = await drained(gateway);
    const lost = await findLost(receiver.ready.url, result);
    return print({ capacity, factor: Number(factor), durationMs, result, samples, drainedMs, lost });
  } finally {
    await gateway.stop();
    await receiver.stop();
    await removeDataFolder(dataDir);
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(folder, receiverUrl) {
  const names = Object.keys(MIX);
  const definition = {
    sources: Object.fromEntries(
      names.map((name) => [
        name,
        { provider: "stripe", key: `bench-source-${name}`, secrets: [SECRET], priority: name },
      ]),
    ),
    destinations: { app: { url: receiverUrl } },
    routes: names.map((name) => ({ source: name, destination: "app" })),
    egress: { allowCidrs: ["127.0.0.0/8"] },
    logLevel: "warn",
  };
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(definition)};\n`);
  return startGateway({ configFile, dataDir: join(folder, "data"), logFile: join(folder, "gateway.log") });
}

async function findCapacity({ gateway, perClass }, quick) {
  const durationMs = quick ? 4_000 : 10_000;
  const plan = { durationMs, ratePerSec: 100_000, mark: "c", only: "critical", connections: Math.min(128, perClass) };
  const result = await send({ gateway, perClass }, plan);
  return (result.classes[0].statuses["200"] ?? 0) / (result.elapsedMs / 1_000);
}

async function send({ gateway, perClass }, { durationMs, ratePerSec, mark, only, connections }) {
  const options = { serialization: "advanced", execArgv: ["--max-old-space-size=4096"] };
  const child = endChildWithUs(fork(SENDER, options));
  try {
    await said(child, "waiting");
    const base = gateway.ready.ingestUrl.replace(/\/$/, "");
    const classes = Object.entries(MIX)
      .filter(([name]) => only === undefined || name === only)
      .map(([name, part]) => ({
        name,
        url: `${base}/in/bench-source-${name}`,
        ratePerSec: only === undefined ? ratePerSec * part : ratePerSec,
        connections: connections ?? perClass,
      }));
    child.send({ classes, durationMs, mark, secret: SECRET });
    return (await said(child, "finished")).result;
  } finally {
    child.kill("SIGKILL");
  }
}

function said(child, kind) {
  return new Promise((resolve, reject) => {
    const onMessage = (one) => {
      if (one.kind === "failed") reject(new Error(one.message));
      if (one.kind !== kind) return;
      child.off("message", onMessage);
      resolve(one);
    };
    child.on("message", onMessage);
    child.once("exit", (code, signal) => reject(new Error(`the sender ended with ${signal ?? code}`)));
  });
}

/** Waits until nothing is unfinished; how long that took. */
async function drained(gateway) {
  const startMs = performance.now();
  while (performance.now() - startMs < DRAIN_MS_MAX) {
    const answer = await fetch(new URL("/api/v1/status", gateway.ready.adminUrl), {
      headers: { authorization: `Bearer ${gateway.ready.adminToken}` },
    });
    const { deliveries } = await answer.json();
    if (deliveries.depth !== null && Object.values(deliveries.depth).every((depth) => depth === 0))
      return performance.now() - startMs;
    await new Promise((next) => setTimeout(next, 250));
  }
  return null;
}

async function findLost(url, result) {
  const seen = new Set();
  for (;;) {
    const page = (await (await fetch(`${url}?after=${seen.size}`)).text()).split("\n").filter(Boolean);
    if (page.length === 0) break;
    for (const id of page) seen.add(id);
  }
  return result.classes.flatMap(({ acked }) => acked).filter((id) => !seen.has(id)).length;
}

function print({ capacity, factor, durationMs, result, samples, drainedMs, lost }) {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const memory = {
    firstMb: median(samples.slice(0, third)),
    lastMb: median(samples.slice(-third)),
    maxMb: Math.max(...samples),
    // By the second third all connections are open: what is there then is what this load takes.
    steadyMb: median(samples.slice(third, Math.max(third + 1, samples.length - third))),
  };
  const classes = result.classes.map(({ acked, ...one }) => ({ ...one, acked: acked.length }));
  const head = ["class", "due", "never sent", "200", "429", "503", "other", "p50 ms", "p99 ms", "Retry-After s"];
  const rows = classes.map((one) => [
    one.name,
    one.due,
    one.unsent,
    ...["200", "429", "503"].map((status) => one.statuses[status] ?? 0),
    othersOf(one),
    one.p50Ms.toFixed(1),
    one.p99Ms.toFixed(1),
    one.retryAfterSec?.join("–") ?? "-",
  ]);
  const sent = classes.reduce((sum, { due, unsent }) => sum + due - unsent, 0);
  process.stdout.write(
    `Capacity ${Math.round(capacity)}/s; offered ${factor} times that for ${durationMs / 1_000} s, open loop; really sent ${Math.round(sent / (durationMs / 1_000))}/s\n\n`,
  );
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => String(row[i]).length)));
  for (const row of [head, ...rows])
    process.stdout.write(`${row.map((cell, i) => String(cell).padStart(widths[i])).join("  ")}\n`);
  const critical = classes.find(({ name }) => name === "critical");
  const refusedCritical = critical.due - critical.unsent - (critical.statuses["200"] ?? 0);
  const checks = [
    ["only 200, 429 and 503, each refusal with Retry-After", classes.every((one) => othersOf(one) === 0)],
    ["every critical arrival that was sent is accepted", refusedCritical === 0],
    ["nothing that was acked is lost", lost === 0],
    [
      `memory is flat (first third ${mb(memory.firstMb)}, second ${mb(memory.steadyMb)}, last ${mb(memory.lastMb)}, at most ${mb(memory.maxMb)} MB)`,
      memory.lastMb <= memory.firstMb * FLAT && memory.maxMb <= memory.steadyMb * FLAT,
    ],
    [`it drains (${drainedMs === null ? "not in time" : `${(drainedMs / 1_000).toFixed(1)} s`})`, drainedMs !== null],
  ];
  process.stdout.write("\n");
  for (const [what, isKept] of checks) process.stdout.write(`${isKept ? "kept  " : "BROKEN"}  ${what}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = join(RESULTS, `overload-${at.replaceAll(/[:.]/g, "-")}.json`);
  const figures = {
    capacity,
    factor,
    durationMs,
    sentPerSec: sent / (durationMs / 1_000),
    classes,
    memory,
    drainedMs,
    lost,
  };
  writeFileSync(file, `${JSON.stringify({ at, machine: describeMachine(), ...figures, checks }, null, 2)}\n`);
  return checks.every(([, isKept]) => isKept) ? 0 : 1;
}

function mb(value) {
  return Math.round(value);
}

function othersOf({ statuses, faults, unanswered }) {
  const strange = Object.entries(statuses).filter(([status]) => !["200", "429", "503"].includes(status));
  const counts = [...strange.map(([, count]) => count), ...Object.values(faults), unanswered];
  return counts.reduce((sum, count) => sum + count, 0);
}
