// What a flood of forgeries costs the honest: one sender at a fixed rate, alone and beside connections that forge as fast as
// they can, in turns on the same gateway. Times count from when a request was due, so a stall is not hidden by its own waiting.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../data-folder.mjs";
import { startHoldfast } from "../ingest/contenders.mjs";
import { median, percentile } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { endChildWithUs } from "../start-process.mjs";
import { eventBody, eventId, seededRandom, signatureHeader } from "../stripe-event.mjs";

const FLOOD = fileURLToPath(new URL("./flood.mjs", import.meta.url));
const SECRET = "whsec_bench-forgeries-0123456789abcdef";

/**
 * @param {{ quick: boolean, rate: string, connections: string, seconds: string, rounds: string }} options
 * @returns {Promise<number>} the exit code
 */
export async function runForgeries(options) {
  const perSecond = Number(options.rate);
  const seconds = options.quick ? 2 : Number(options.seconds);
  const rounds = options.quick ? 1 : Number(options.rounds);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const gateway = await startHoldfast({ folder, secret: SECRET }, { name: "holdfast" });
  const quiet = [];
  const flooded = [];
  try {
    await measure(gateway.url, { perSecond, seconds: 1, run: "warm" });
    for (let round = 0; round < rounds; round++) {
      quiet.push(await measure(gateway.url, { perSecond, seconds, run: `q${round}` }));
      const flood = startFlood(gateway.url, options.connections);
      await pause(500);
      const figures = await measure(gateway.url, { perSecond, seconds, run: `f${round}` });
      flooded.push({ ...figures, forged: await flood.stop() });
    }
  } finally {
    await gateway.stop();
    await removeDataFolder(join(folder, "holdfast", "data"));
    rmSync(folder, { recursive: true, force: true });
  }
  report({ perSecond, seconds, connections: options.connections }, quiet, flooded);
  return flooded.every(({ refused }) => refused === 0) ? 0 : 1;
}

/** Posts at a fixed rate whatever the answers do; every honest request must be answered 200. */
async function measure(url, { perSecond, seconds, run }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const random = seededRandom(11);
  const tookMs = [];
  let refused = 0;
  const startedMs = performance.now();
  const sent = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    const dueMs = startedMs + (i * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await pause(waitMs);
    sent.push(
      post(agent, url, random, eventId(run, i)).then((status) => {
        if (status === 200) tookMs.push(performance.now() - dueMs);
        else refused++;
      }),
    );
  }
  await Promise.all(sent);
  agent.destroy();
  const sorted = tookMs.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 50), p99: percentile(sorted, 99), refused };
}

function post(agent, url, random, id) {
  const nowSec = Math.floor(Date.now() / 1000);
  const body = eventBody(random, id, nowSec);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "stripe-signature": signatureHeader(SECRET, body, nowSec),
  };
  return new Promise((resolve) => {
    const sent = request(url, { method: "POST", agent, headers }, (answer) =>
      answer.resume().on("end", () => resolve(answer.statusCode)),
    );
    sent.on("error", () => resolve(0));
    sent.end(body);
  });
}

function startFlood(url, connections) {
  const child = endChildWithUs(
    spawn(process.execPath, [FLOOD, url, connections], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(text);
    },
  };
}

function report({ perSecond, seconds, connections }, quiet, flooded) {
  const middle = (rows, name) => median(rows.map((row) => row[name]));
  const line = (what, rows) =>
    `${what.padEnd(10)} p50 ${middle(rows, "p50").toFixed(2)} ms   p99 ${middle(rows, "p99").toFixed(2)} ms\n`;
  const forged = flooded.map((row) => Object.values(row.forged).reduce((sum, count) => sum + count, 0));
  const ratio = (name) => (middle(flooded, name) / middle(quiet, name)).toFixed(2);
  const refused = [...quiet, ...flooded].reduce((sum, row) => sum + row.refused, 0);
  process.stdout.write(
    `${JSON.stringify(describeMachine())}\n${perSecond} honest requests a second for ${seconds} s, ${connections} forging connections, ${quiet.length} rounds in turns\n` +
      line("alone", quiet) +
      line("flooded", flooded) +
      `ratio      p50 ${ratio("p50")}   p99 ${ratio("p99")}\n` +
      `forged     ${Math.round(median(forged) / (seconds + 0.5))} a second, answers ${JSON.stringify(flooded.map((row) => row.forged))}\n` +
      `honest requests refused or lost: ${refused}\n`,
  );
}
