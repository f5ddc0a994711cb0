// Starts what the queue bench compares: each in a process of its own, on a database of its own with the same settings.
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { startDatabase, startRedis } from "../servers.mjs";
import { processTree } from "../processes.mjs";
import { endChildWithUs } from "../start-process.mjs";

const sideOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const OWN = { program: sideOf("./holdfast.mjs"), store: "postgres" };
const SIDES = {
  holdfast: { ...OWN, env: { BENCH_DESTINATION: "http" } },
  "holdfast+handler": { ...OWN, env: { BENCH_DESTINATION: "handler" } },
  "holdfast+transaction": { ...OWN, env: { BENCH_DESTINATION: "transaction" } },
  "graphile-worker": { program: sideOf("../peers/queue-graphile.mjs"), store: "postgres", env: {} },
  "pg-boss": { program: sideOf("../peers/queue-pg-boss.mjs"), store: "postgres", env: {} },
  bullmq: { program: sideOf("../peers/queue-bullmq.mjs"), store: "redis", env: {} },
};
export const NAMES = Object.keys(SIDES);
const ORDER_TIMEOUT_MS = 600_000;

/**
 * @typedef {object} QueueSide
 * @property {string} name
 * @property {string} what
 * @property {(count: number) => Promise<void>} fill queues so many, then brings the database to rest
 * @property {(count: number) => Promise<{ handled: number, elapsedMs: number, afterLastMs: number }>} drain
 * @property {() => { node: number[], database: number[] }} pids
 * @property {() => Promise<void>} stop
 */

/**
 * @param {{ folder: string, redis: string, name: string }} run
 * @returns {Promise<{ ok: true, side: QueueSide } | { ok: false, reason: string }>}
 */
export async function startSide({ folder, redis, name }) {
  const { program, store, env } = SIDES[name];
  const home = join(folder, name);
  mkdirSync(home, { mode: 0o711 });
  const server = store === "redis" ? await startRedis(redis, join(home, "redis")) : await openPostgres(home);
  if (!server.ok) return server;
  const own = store === "redis" ? { BENCH_REDIS_PORT: `${server.port}` } : { BENCH_DATABASE_URL: server.url };
  const child = endChildWithUs(
    fork(program, {
      env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env, ...own },
      serialization: "advanced",
    }),
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const { what } = await told(child, "ready");
  const order = async (words) => {
    child.send(words);
    return (await told(child, "done")).result;
  };
  const side = {
    name,
    what,
    fill: async (count) => {
      await order({ order: "fill", count });
      await server.rest();
    },
    drain: (count) => order({ order: "drain", count }),
    pids: () => ({ node: [child.pid], database: processTree(server.pid) }),
    stop: async () => {
      if (child.connected) child.send({ order: "close" });
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
      await server.stop();
    },
  };
  return { ok: true, side };
}

// What the filling wrote is on disk and in the statistics before anything is measured, for each in the same way.
async function openPostgres(home) {
  const database = await startDatabase(join(home, "data"));
  const rest = async () => {
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    await client.query("VACUUM (ANALYZE)");
    await client.query("CHECKPOINT");
    await client.end();
  };
  return { ok: true, ...database, rest };
}

function told(child, kind) {
  return new Promise((resolve, reject) => {
    const end = (act) => {
      clearTimeout(timer);
      child.off("message", onSaid);
      child.off("exit", onExit);
      act();
    };
    const timer = setTimeout(() => end(() => reject(new Error(`not ${kind} in ten minutes`))), ORDER_TIMEOUT_MS);
    const onExit = (code, signal) => end(() => reject(new Error(`a contender ended with ${signal ?? code}`)));
    const onSaid = (said) => {
      if (said.kind === kind) end(() => resolve(said));
      else if (said.kind === "failed") end(() => reject(new Error(said.text)));
    };
    child.on("message", onSaid);
    child.on("exit", onExit);
  });
}
