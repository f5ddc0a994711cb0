// The bench's side of the sender's process: one round after the other, with the servers' CPU time around each.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { availableParallelism } from "node:os";
import { cpuMs, machineCpuMs } from "../processes.mjs";
import { endChildWithUs } from "../start-process.mjs";

const LOAD = fileURLToPath(new URL("./load.mjs", import.meta.url));
const ROUND_TIMEOUT_MS = 60_000;

/** Starts the sender's process. */
export async function openLoader() {
  const child = endChildWithUs(fork(LOAD, { serialization: "advanced" }));
  await answer(child, "waiting");
  return {
    pid: child.pid,
    run: (plan, pids) => runRound(child, plan, pids),
    close: () => child.kill("SIGKILL"),
  };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {import("./load-shape.d.ts").RoundPlan} plan
 * @param {() => { node: readonly number[], database: readonly number[] }} pids whose CPU time counts; asked before and after,
 *   as connections that stood idle while others were measured are made anew, each with a process of its own
 * @returns {Promise<import("./load-shape.d.ts").Round>}
 */
async function runRound(child, plan, pids) {
  const read = () => {
    const all = { ...pids(), sender: [child.pid] };
    return Object.fromEntries(Object.entries(all).map(([name, list]) => [name, cpuMs(list)]));
  };
  child.send(plan);
  await answer(child, "started");
  const before = { ...read(), machine: machineCpuMs(), atMs: performance.now() };
  const { result } = await answer(child, "finished");
  const after = { ...read(), machine: machineCpuMs(), atMs: performance.now() };
  const spent = (name) => (before[name] === null || after[name] === null ? null : after[name] - before[name]);
  const micros = (name) => (spent(name) === null ? null : (spent(name) * 1000) / result.answered);
  const own = ["node", "database", "sender"].reduce((sum, name) => sum + (spent(name) ?? 0), 0);
  const capacity = (after.atMs - before.atMs) * availableParallelism();
  return {
    ...result,
    nodeCpuMicros: micros("node"),
    databaseCpuMicros: micros("database"),
    senderCpuMicros: micros("sender"),
    othersShare: spent("machine") === null ? null : Math.max(0, (spent("machine") - own) / capacity),
  };
}

function answer(child, kind) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error(`the sender did not get to "${kind}" in time`)), ROUND_TIMEOUT_MS);
    const onExit = (code, signal) => end(new Error(`the sender ended with ${signal ?? code}`));
    const onMessage = (said) => {
      if (said.kind === kind) end(null, said);
      else if (said.kind === "failed") end(new Error(`the sender failed: ${said.message}`));
    };
    const end = (error, said) => {
      clearTimeout(timer);
      child.off("exit", onExit);
      child.off("message", onMessage);
      if (error === null) resolve(said);
      else reject(error);
    };
    child.on("exit", onExit);
    child.on("message", onMessage);
  });
}
