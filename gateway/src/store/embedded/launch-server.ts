import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { messageOf } from "../../platform/log.ts";
import type { ClusterFolder } from "./cluster-folder.ts";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import { claimOwnership } from "./ownership.ts";
import { isPostmaster, readPostmasterFile } from "./postmaster.ts";
import type { Binaries } from "./server-binaries.ts";
import type { Address } from "./server-settings.ts";
import { readLogTail, spawnPostmaster } from "./spawn-postmaster.ts";
import type { Session } from "./superuser-session.ts";
import { openSession } from "./superuser-session.ts";

/** A running server whose ownership is ours for as long as `client` is connected. */
export interface Launched {
  readonly ok: true;
  readonly client: Client;
  /** Settles when that session is cut. */
  readonly ended: Promise<void>;
  readonly version: string;
  readonly pid: number;
  readonly address: Address;
  /** The server's process if it is a child of ours. */
  readonly child: ChildProcess | null;
  /** Whether it was running before us. */
  readonly adopted: boolean;
}

export interface LaunchOptions {
  readonly folder: ClusterFolder;
  readonly binaries: Binaries;
  readonly address: Address;
  readonly superuserPassword: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  readonly onStep: (step: "start" | "recover") => void;
}

interface Progress {
  child: ChildProcess | null;
  spawns: number;
  readonly beganMs: number;
  absentSinceMs: number | null;
}

const POLL_MS = 20;
// Each question costs a recovering server a process, and a line in its log.
const POLL_MAX_MS = 200;
// A killed server's orphans hold its shared memory until they notice; PostgreSQL refuses to start meanwhile.
const SPAWNS_MAX = 12;
const SPAWNS_UNEXPLAINED_MAX = 2;
const PASSES_BY = /shared memory block|lock file/;
const SPAWN_PAUSE_MS = 150;
const SILENT_MAX_MS = 10_000;

/**
 * Finds the server of the folder, or starts it, and takes its ownership. One loop for both, since two starts may race:
 * whoever runs is found by postmaster.pid, proven by a connection, and owned by the session that holds the lock.
 */
export async function launchServer(options: LaunchOptions): Promise<Launched | EmbeddedFault> {
  const progress: Progress = { child: null, spawns: 0, beganMs: performance.now(), absentSinceMs: null };
  let toldRecovery = false;
  let pollMs = POLL_MS;
  for (;;) {
    const running = readPostmasterFile(options.folder.pgdata);
    const session =
      running === null
        ? null
        : await openSession({
            address: running.address,
            password: options.superuserPassword,
            pgdata: options.folder.pgdata,
          });
    if (running !== null && session?.kind === "connected") {
      const claimed = await tryClaim(options, progress, running, session);
      if (claimed !== null) return claimed;
    } else if (session?.kind === "stranger") {
      return inUseBySilent(options.folder, running?.pid, session.reason);
    } else if (session?.kind === "not_yet") {
      if (!toldRecovery) options.onStep("recover");
      toldRecovery = true;
    } else {
      const fault = await spawnUnlessRunning(options, progress, running?.pid ?? null);
      if (fault !== null) return fault;
    }
    if (performance.now() - progress.beganMs > options.startTimeoutMs) return stillStarting(options);
    pollMs = session?.kind === "not_yet" ? Math.min(pollMs * 1.5, POLL_MAX_MS) : POLL_MS;
    await pause(pollMs);
  }
}

async function tryClaim(
  options: LaunchOptions,
  progress: Progress,
  running: { pid: number; address: Address },
  session: Extract<Session, { kind: "connected" }>,
): Promise<Launched | EmbeddedFault | null> {
  const { client, ended, version } = session;
  try {
    const claim = await claimOwnership(client);
    if (claim.owned) {
      const child = progress.child?.pid === running.pid ? progress.child : null;
      // On Windows the child is pg_ctl, and the server is the child of that.
      const adopted = process.platform === "win32" ? progress.spawns === 0 : child === null;
      return { ok: true, client, ended, version, pid: running.pid, address: running.address, child, adopted };
    }
    await client.end();
    return inUse(options.folder, claim.pid, claim.since);
  } catch (error) {
    // The server went away under us, perhaps stopped by the owner that we waited for: look again.
    await client.end().catch(() => {});
    return performance.now() - progress.beganMs > options.startTimeoutMs
      ? embeddedFault(
          "start_failed",
          `The database does not answer: ${messageOf(error)}.`,
          `Read ${options.folder.logFile}.`,
        )
      : null;
  }
}

async function spawnUnlessRunning(
  options: LaunchOptions,
  progress: Progress,
  pid: number | null,
): Promise<EmbeddedFault | null> {
  if (progress.child !== null && progress.child.exitCode === null && progress.child.signalCode === null) return null;
  if (pid !== null && isPostmaster(pid, options.folder.pgdata) && process.platform === "linux") {
    progress.absentSinceMs ??= performance.now();
    if (performance.now() - progress.absentSinceMs < SILENT_MAX_MS) return null;
    return inUseBySilent(options.folder, pid, "nothing listens at the address that it wrote down");
  }
  const said = progress.spawns === 0 ? "" : readLogTail(options.folder);
  if (progress.spawns >= (PASSES_BY.test(said) ? SPAWNS_MAX : SPAWNS_UNEXPLAINED_MAX))
    return startFailed(options.folder, said);
  if (progress.spawns === 0) options.onStep("start");
  else await pause(SPAWN_PAUSE_MS * progress.spawns);
  progress.spawns += 1;
  const child = spawnPostmaster(options.folder, options.binaries, options.address, options.settings);
  // Without a listener a failed spawn would end the process; its exit code stays null then, so it is forgotten here.
  child.on("error", () => {
    if (progress.child === child) progress.child = null;
  });
  progress.child = child;
  return null;
}

function inUse(folder: ClusterFolder, pid: number | null, since: string | null): EmbeddedFault {
  const who = pid === null ? "Another program" : `Another Holdfast (process ${pid})`;
  const stop = pid === null ? "Stop it" : `Wait until it has ended, stop it (kill ${pid})`;
  return embeddedFault(
    "data_dir_in_use",
    `${who} has been using the data folder ${folder.dataDir}${since === null ? "" : ` since ${since}`}.`,
    `${stop}, or name another folder with --data-dir. To run several Holdfast processes on one database, set DATABASE_URL.`,
  );
}

function inUseBySilent(folder: ClusterFolder, pid: number | undefined, reason: string): EmbeddedFault {
  return embeddedFault(
    "data_dir_in_use",
    `A database server (process ${pid ?? "unknown"}) holds the data folder ${folder.dataDir}, but Holdfast cannot use it: ${reason}.`,
    `Stop it${pid === undefined ? "" : ` (kill -INT ${pid})`} and start again, or name another folder with --data-dir.`,
  );
}

function startFailed(folder: ClusterFolder, said: string): EmbeddedFault {
  return embeddedFault(
    "start_failed",
    `The embedded PostgreSQL does not start on ${folder.pgdata}: ${said}`,
    `Read ${folder.logFile} for the reason; or name another folder with --data-dir, or set DATABASE_URL.`,
  );
}

// Left running on purpose: a recovery that is interrupted begins again from its start.
function stillStarting(options: LaunchOptions): EmbeddedFault {
  const seconds = Math.round(options.startTimeoutMs / 1_000);
  return embeddedFault(
    "start_failed",
    `The database in ${options.folder.dataDir} was not ready after ${seconds} s; it may still be recovering from a crash.`,
    `It goes on by itself: wait, read ${options.folder.logFile}, and start again.`,
  );
}
