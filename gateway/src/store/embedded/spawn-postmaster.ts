import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ClusterFolder } from "./cluster-folder.ts";
import { lastLines } from "./initialize-cluster.ts";
import { isAlive, isPostmaster, readPostmasterFile } from "./postmaster.ts";
import type { Binaries } from "./server-binaries.ts";
import { binary } from "./server-binaries.ts";
import type { Address } from "./server-settings.ts";
import { serverSettings, settingArguments } from "./server-settings.ts";

const LOG_BYTES_MAX = 5 * 1_048_576;

/**
 * Starts PostgreSQL as a process group of its own, so that neither Ctrl-C in the terminal nor a kill of our group takes it
 * along before the drain (measured: without it the server was gone 11 ms after SIGINT).
 */
export function spawnPostmaster(
  folder: ClusterFolder,
  binaries: Binaries,
  address: Address,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const args = settingArguments({ ...serverSettings(folder, address), ...settings });
  const environment = { ...binaries.environment, ...grandparent(folder) };
  const log = openLog(folder.logFile);
  try {
    // pg_ctl drops an administrator's rights on Windows, which the server insists on.
    const [program, programArgs] =
      process.platform === "win32"
        ? [
            binary(binaries, "pg_ctl"),
            ["start", "-w", "-D", folder.pgdata, "-o", args.map((arg) => `"${arg}"`).join(" ")],
          ]
        : [binary(binaries, "postgres"), ["-D", folder.pgdata, ...args]];
    const child = spawn(program, programArgs, {
      cwd: folder.home,
      detached: true,
      env: environment,
      stdio: ["ignore", log, log],
      windowsHide: true,
      ...folder.user.drop,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/**
 * PostgreSQL refuses to start when postmaster.pid names a live process, whoever that is by now: pids are given again, and
 * an unreaped zombie counts as live. The file stays PostgreSQL's to judge, but it lets us name one process that is not
 * its predecessor (PG_GRANDPARENT_PID, as pg_ctl does for its caller); the check of the shared memory still stands.
 */
function grandparent(folder: ClusterFolder): Record<string, string> {
  const stale = readPostmasterFile(folder.pgdata)?.pid ?? readSocketLock(folder);
  if (stale === null || !isAlive(stale) || isPostmaster(stale, folder.pgdata)) return {};
  return { PG_GRANDPARENT_PID: `${stale}` };
}

function readSocketLock(folder: ClusterFolder): number | null {
  try {
    return Number.parseInt(readFileSync(join(folder.socketDir, ".s.PGSQL.5432.lock"), "utf8"), 10) || null;
  } catch {
    return null;
  }
}

// Appending, so that the file can be cut while the server writes to it.
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}

/** What the server said last, for an error message. */
export function readLogTail(folder: ClusterFolder): string {
  return existsSync(folder.logFile) ? lastLines(readFileSync(folder.logFile, "utf8").slice(-4_000)) : "";
}

/** A port of the loopback address that nobody listens on at the moment. */
export function findFreePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const bound = probe.address();
      probe.close(() =>
        bound !== null && typeof bound === "object" ? done(bound.port) : fail(new Error("no port was given")),
      );
    });
  });
}
