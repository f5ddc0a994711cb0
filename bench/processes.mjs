// What a process costs, read from /proc. On other systems than Linux every figure is null and the report says so.
import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";

const TICK_MS = 10;

/**
 * The process and everything below it, the process first.
 *
 * @param {number} pid
 * @returns {number[]}
 */
export function processTree(pid) {
  const children = new Map();
  for (const name of list("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))?.[1] ?? NaN);
    if (!Number.isInteger(parent)) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]) ?? []));
  return found;
}

/**
 * CPU time that the processes have used so far, in milliseconds, with that of children they have waited for.
 *
 * @param {readonly number[]} pids
 * @returns {number | null} null where /proc has none
 */
export function cpuMs(pids) {
  let ticks = 0;
  let seen = false;
  for (const pid of pids) {
    const fields = statFields(pid);
    if (fields === null) continue;
    seen = true;
    for (const at of [11, 12, 13, 14]) ticks += Number(fields[at]);
  }
  return seen ? ticks * TICK_MS : null;
}

/**
 * CPU time that the whole machine has spent on work so far, in milliseconds.
 *
 * @returns {number | null} null where /proc has none
 */
export function machineCpuMs() {
  const line = read("/proc/stat")?.split("\n")[0];
  if (line === undefined) return null;
  // user, nice, system, idle, iowait, irq, softirq; what follows is counted in them or belongs to other machines.
  const [user, nice, system, , , irq, softirq] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * TICK_MS;
}

/**
 * The share of the machine's CPU that is in use now, looked at for a moment: what others take, when nothing of ours runs.
 *
 * @param {number} lookMs
 * @returns {Promise<number | null>} null where /proc has none
 */
export async function measureLoad(lookMs) {
  const [before, startMs] = [machineCpuMs(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, lookMs));
  const after = machineCpuMs();
  if (before === null || after === null) return null;
  // Ticks are coarse: a look can see a little more than there is.
  return Math.min(1, (after - before) / ((performance.now() - startMs) * availableParallelism()));
}

/**
 * Resident memory of one process in MB.
 *
 * @param {number} pid
 * @returns {number | null}
 */
export function rssMb(pid) {
  return kilobytes(read(`/proc/${pid}/status`), "VmRSS");
}

/**
 * Proportional share of memory of the processes in MB: pages that several share are counted once in all.
 *
 * @param {readonly number[]} pids
 * @returns {number | null} null when none could be read
 */
export function pssMb(pids) {
  const shares = pids.map((pid) => kilobytes(read(`/proc/${pid}/smaps_rollup`), "Pss")).filter((mb) => mb !== null);
  return shares.length === 0 ? null : shares.reduce((sum, mb) => sum + mb, 0);
}

/**
 * Whether a process runs; a zombie does not.
 *
 * @param {number} pid
 */
export function isRunning(pid) {
  const fields = statFields(pid);
  if (fields !== null) return fields[0] !== "Z";
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// After the name, which stands in brackets and may hold anything: state, parent, …; utime is the 12th of the rest.
function statFields(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function kilobytes(text, name) {
  const found = text === null ? null : new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text);
  return found ? Number(found[1]) / 1024 : null;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
