// What contenders stand on: the same embedded PostgreSQL as Holdfast's with its default durability, and the system's Redis.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";
import { endChildWithUs, endWithUs } from "./start-process.mjs";

const LAUNCHER = new URL("../gateway/dist/store/embedded/start-embedded.js", import.meta.url);
const DEFAULT_REDIS = "redis-server";
const REDIS_WAIT_MS = 10_000;
const REDIS_POLL_MS = 20;

/**
 * @param {string} dataDir
 * @param {Record<string, string>} settings beside our own
 * @returns {Promise<{ url: string, adminUrl: string, pid: number, home: string, stop: () => Promise<void> }>} `adminUrl` is the
 *   superuser's; `home` is where it keeps its data
 */
export async function startDatabase(dataDir, settings = {}) {
  const { startEmbedded } = await import(fileURLToPath(LAUNCHER));
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const server = await startEmbedded({ log: silent, dataDir, settings });
  if (!server.ok) throw new Error(`The database of the bench does not start. ${server.message} ${server.remedy}`);
  const { url, adminUrl, pid, home } = server;
  // "Immediate shutdown", as nothing of it is kept.
  const forget = endWithUs(pid, "SIGQUIT");
  const stop = async () => {
    await server.stop();
    forget();
  };
  return { url, adminUrl, pid, home, stop };
}

/**
 * Redis as BullMQ's documentation asks for: append-only file with an fsync every second, nothing evicted. The data folder
 * is on the same disk as the databases.
 *
 * @param {string} program path or name of redis-server
 * @param {string} folder
 * @returns {Promise<{ ok: true, port: number, pid: number, stop: () => Promise<void> } | { ok: false, reason: string }>}
 */
export async function startRedis(program, folder) {
  const missing = await findMissing(program);
  if (missing !== null) return { ok: false, reason: missing };
  mkdirSync(folder);
  const port = await freePort();
  const log = openSync(join(folder, "redis.log"), "a");
  const settings = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--maxmemory-policy",
    "noeviction",
    "--save",
    "",
  ];
  const args = ["--bind", "127.0.0.1", "--port", `${port}`, "--dir", folder, ...settings];
  const child = endChildWithUs(spawn(program, args, { stdio: ["ignore", log, log] }));
  closeSync(log);
  const ended = new Promise((resolve) => child.on("close", resolve));
  await untilListening(port, child);
  return {
    ok: true,
    port,
    pid: child.pid,
    /** What it has written is on disk already, or is within the second; there is nothing to bring to rest. */
    rest: async () => {},
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function findMissing(program) {
  const isThere = () => succeeds(program, ["--version"]);
  // Only the default is installed: whoever names a program means that one.
  if (!(await isThere()) && program === DEFAULT_REDIS) await installRedis();
  if (!(await isThere())) return `no Redis here (install the package redis-server, or name the program with --redis)`;
  try {
    await import("ioredis");
    return null;
  } catch {
    return "BullMQ needs the npm package ioredis, which is not installed";
  }
}

/** Debian's own package, where we may. Its service is not started (the run level says so): the bench starts one on a port of its own. */
async function installRedis() {
  if (process.getuid?.() !== 0 || !(await succeeds("apt-get", ["--version"]))) return;
  process.stderr.write("No redis-server here: installing Debian's with apt-get.\n");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  await succeeds("apt-get", ["install", "--yes", "--no-install-recommends", "redis-server"], env);
}

function succeeds(program, args, env = process.env) {
  return new Promise((resolve) => {
    const probe = spawn(program, args, { stdio: "ignore", env });
    probe.on("error", () => resolve(false));
    probe.on("close", (code) => resolve(code === 0));
  });
}

async function untilListening(port, child) {
  const until = performance.now() + REDIS_WAIT_MS;
  for (;;) {
    if (await answers(port)) return;
    if (child.exitCode !== null || performance.now() > until) throw new Error("Redis did not start; see its log");
    await new Promise((resolve) => setTimeout(resolve, REDIS_POLL_MS));
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
