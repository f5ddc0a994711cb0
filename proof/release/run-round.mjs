// Starts one round, waits for what it finds, and removes what a round left behind that could not clean up after itself.
import { execFileSync, fork } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeDataFolder } from "../../bench/data-folder.mjs";

const ROUND = fileURLToPath(new URL("./round-process.mjs", import.meta.url));
const UNDER_WAY = "under-way.json";
const ROUND_MAX_MS = 1_800_000;

/**
 * @param {object} plan of the round
 * @param {string} folder of the state
 * @param {(child: import("node:child_process").ChildProcess) => void} onStart
 * @returns {Promise<{ report: import("../report/report.d.ts").Report | null, fault: string | null }>}
 */
export async function runRound(plan, folder, onStart) {
  const child = fork(ROUND, [JSON.stringify(plan)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  onStart(child);
  let report = null;
  child.on("message", (message) => {
    if (message.folder)
      writeFileSync(join(folder, UNDER_WAY), JSON.stringify({ pid: child.pid, folder: message.folder }));
    else report = message.report;
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), ROUND_MAX_MS);
  const ended = await new Promise((resolve) =>
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  clearTimeout(timer);
  await removeLeftovers(folder);
  return { report, fault: report === null ? `the round ended with ${ended} and no report` : null };
}

/**
 * Ends the processes and removes the files of a round that was killed. Does nothing when none was.
 *
 * @param {string} folder of the state
 */
export async function removeLeftovers(folder) {
  const path = join(folder, UNDER_WAY);
  if (!existsSync(path)) return;
  const left = JSON.parse(readFileSync(path, "utf8"));
  if (existsSync(left.folder)) {
    for (const pid of processesOf(left.folder)) end(pid);
    for (const mount of mountsBelow(left.folder)) execFileSync("umount", ["-l", mount]);
    await removeDataFolder(join(left.folder, "data"));
    rmSync(left.folder, { recursive: true, force: true });
  }
  rmSync(path);
}

// Each process of a round names the round's folder in its arguments or its environment, and nobody else does.
function processesOf(folder) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.filter((pid) =>
    ["cmdline", "environ"].some((file) => readOrNothing(`/proc/${pid}/${file}`).includes(folder)),
  );
}

function mountsBelow(folder) {
  const lines = readOrNothing("/proc/mounts").split("\n");
  return lines.map((line) => line.split(" ")[1] ?? "").filter((path) => path.startsWith(folder));
}

function readOrNothing(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function end(pid) {
  try {
    process.kill(Number(pid), "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
