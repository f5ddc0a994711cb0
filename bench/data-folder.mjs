// A data folder of the gateway, seen from outside: where its database lives, and how to be rid of both.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRunning } from "./processes.mjs";

const STARTUP_WAIT_MS = 60_000;

/**
 * The folder that holds the cluster: the data folder, or the stand-in that it names.
 *
 * @param {string} dataDir
 */
export function clusterHome(dataDir) {
  const standIn = join(dataDir, "database-folder");
  return existsSync(standIn) ? readFileSync(standIn, "utf8").trim() : dataDir;
}

/**
 * The process id of the embedded server's postmaster, or null when none runs.
 *
 * @param {string} dataDir
 */
export function postmasterPid(dataDir) {
  const file = join(clusterHome(dataDir), "postgres", "postmaster.pid");
  try {
    const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
    return Number.isInteger(pid) && isRunning(pid) ? pid : null;
  } catch {
    // No file, or a disk that a proof has cut off.
    return null;
  }
}

/**
 * Stops a server that was left running, and removes the folder with its stand-in.
 *
 * @param {string} dataDir
 */
export async function removeDataFolder(dataDir) {
  const pid = postmasterPid(dataDir);
  if (pid !== null) {
    process.kill(pid, "SIGQUIT");
    const until = performance.now() + STARTUP_WAIT_MS;
    while (isRunning(pid) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const folder of new Set([clusterHome(dataDir), dataDir])) rmSync(folder, { recursive: true, force: true });
}
