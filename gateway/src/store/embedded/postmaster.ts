import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "./server-settings.ts";

/** What a running (or killed) server says of itself in postmaster.pid. Hearsay: only a connection proves it. */
export interface PostmasterFile {
  readonly pid: number;
  readonly address: Address;
}

/** Reads postmaster.pid (lines: pid, data directory, start time, port, socket folder, listen address, …); null when there is none. */
export function readPostmasterFile(pgdata: string): PostmasterFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(pgdata, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return null;
  }
  const [pid = "", , , port = "", socketDir = "", host = ""] = lines.map((line) => line.trim());
  if (!/^\d+$/.test(pid)) return null;
  return { pid: Number(pid), address: { host: socketDir || host || "127.0.0.1", port: Number(port) || 0 } };
}

/**
 * Whether the process `pid` is a server that works in `pgdata`. A pid alone proves nothing, since pids are given again; but
 * a postmaster's working directory is its data directory, and a zombie has none. Where the system does not tell (outside
 * Linux), any live process counts.
 */
export function isPostmaster(pid: number, pgdata: string): boolean {
  if (process.platform === "linux") {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(pgdata);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EACCES") return false;
    }
  }
  return isAlive(pid);
}

/** Whether a process with this id exists, whoever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
