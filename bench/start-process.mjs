// Starts a program of ours that says on its first line of output when it serves, and stops it again.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../gateway/bin/holdfast.js", import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

// Whoever ends early, by an error or a signal, leaves nothing running behind.
const running = new Set();
const ending = new Map();
process.on("exit", () => {
  running.forEach(killGroup);
  for (const [pid, signal] of ending) kill(pid, signal);
});

/**
 * A process that was started in another way ends with this one as well.
 *
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 * @returns {() => void} tells that it has ended
 */
export function endWithUs(pid, signal) {
  ending.set(pid, signal);
  return () => void ending.delete(pid);
}

/**
 * @typedef {object} Started
 * @property {number} pid also the id of its process group
 * @property {Record<string, any>} ready the line of JSON that it printed when it served
 * @property {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} ended settles when the process is gone
 * @property {() => Promise<{ code: number | null, signal: NodeJS.Signals | null }>} stop SIGTERM, then waits for the end
 */

/**
 * The same for a child of this process.
 *
 * @template {import("node:child_process").ChildProcess} Child
 * @param {Child} child
 * @returns {Child}
 */
export function endChildWithUs(child) {
  child.once("exit", endWithUs(child.pid, "SIGKILL"));
  return child;
}

/**
 * Runs `node <args>` in a process group of its own and waits for its ready line.
 *
 * @param {{ args: string[], logFile: string, env?: Record<string, string>, readyTimeoutMs?: number,
 *   onSpawn?: (child: import("node:child_process").ChildProcess) => void }} options
 *   standard error is appended to `logFile`; the environment is PATH and HOME plus `env`, so that no DATABASE_URL of
 *   the caller's slips in; `onSpawn` gets the process before it is ready
 * @returns {Promise<Started>}
 */
export async function startProcess({ args, logFile, env = {}, readyTimeoutMs = READY_TIMEOUT_MS, onSpawn }) {
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    detached: true,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: ["ignore", "pipe", log],
  });
  closeSync(log);
  onSpawn?.(child);
  running.add(child.pid);
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  void ended.then(() => running.delete(child.pid));
  const ready = await readyLine(child, ended, { args, logFile, readyTimeoutMs });
  return { pid: child.pid, ready, ended, stop: () => stop(child, ended) };
}

/**
 * Runs the gateway by its command line, as an operator would.
 *
 * @param {{ configFile: string, dataDir: string, logFile: string, port?: number, adminPort?: number, nodeArgs?: string[],
 *   env?: Record<string, string>, program?: string, flags?: string[], onSpawn?: (child: import("node:child_process").ChildProcess) => void }} options
 *   `program` is another build's bin/holdfast.js, `flags` are added to the command line
 * @returns {Promise<Started>}
 */
export function startGateway({
  configFile,
  dataDir,
  port = 0,
  adminPort = 0,
  nodeArgs = [],
  program = GATEWAY,
  flags = [],
  ...rest
}) {
  const places = ["--config", configFile, "--data-dir", dataDir, "--port", `${port}`, "--admin-port", `${adminPort}`];
  return startProcess({ args: [...nodeArgs, program, "start", "--json", ...places, ...flags], ...rest });
}

async function readyLine(child, ended, { args, logFile, readyTimeoutMs }) {
  const lines = createInterface({ input: child.stdout });
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ problem: `was not ready after ${readyTimeoutMs / 1000} s` }), readyTimeoutMs);
  });
  const first = await Promise.race([
    new Promise((resolve) => lines.once("line", (line) => resolve({ line }))),
    ended.then(({ code, signal }) => ({ problem: `ended with ${signal ?? `exit code ${code}`} before it was ready` })),
    timeout,
  ]);
  clearTimeout(timer);
  // Whatever else it prints is read and dropped, or a full pipe would stop it.
  lines.on("line", () => {});
  if (first.line !== undefined) return JSON.parse(first.line);
  killGroup(child.pid);
  throw new Error(`node ${args.join(" ")} ${first.problem}. It said last: ${lastLines(logFile)}`);
}

async function stop(child, ended) {
  try {
    process.kill(child.pid, "SIGTERM");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
  const timer = setTimeout(() => killGroup(child.pid), STOP_TIMEOUT_MS);
  const end = await ended;
  clearTimeout(timer);
  return end;
}

/**
 * SIGKILL to the whole process group; one that is gone already is fine.
 *
 * @param {number} pid
 */
export function killGroup(pid) {
  kill(-pid, "SIGKILL");
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * The end of a log file, on one line.
 *
 * @param {string} path
 */
export function lastLines(path) {
  try {
    return readFileSync(path, "utf8").trim().split("\n").slice(-6).join(" | ").slice(-1500) || "(nothing)";
  } catch {
    return "(no log)";
  }
}
