import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where a running gateway is and how the commands on the same machine get in. */
export interface RunFile {
  readonly adminUrl: string | null;
  /** A key of the admin API; null when this process does not serve it. */
  readonly adminToken: string | null;
  readonly ingestUrl: string | null;
  readonly pid: number;
  readonly startedAt: Date;
}

const NAME = "cli.json";
const BYTES_MAX = 16_384;

/** Writes `<data dir>/cli.json`, readable by its owner only, whole or not at all: a reader never sees half of it. */
export async function writeRunFile(dataDir: string, run: RunFile): Promise<void> {
  const path = join(dataDir, NAME);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
}

/** Reads the run file; null when there is none or it is not one. A killed gateway leaves its file behind. */
export async function readRunFile(dataDir: string): Promise<RunFile | null> {
  try {
    const text = await readFile(join(dataDir, NAME), "utf8");
    return text.length > BYTES_MAX ? null : parseRun(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Removes the run file if it is still this process's own: another gateway may have taken the folder over since. */
export async function removeRunFile(dataDir: string, pid: number): Promise<void> {
  const run = await readRunFile(dataDir);
  if (run?.pid === pid) await rm(join(dataDir, NAME), { force: true });
}

/** Whether another process that lives serves the admin API of this folder. */
export async function isServed(dataDir: string): Promise<boolean> {
  const run = await readRunFile(dataDir);
  if (run === null || run.adminUrl === null || run.pid === process.pid) return false;
  try {
    process.kill(run.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function parseRun(value: unknown): RunFile | null {
  if (typeof value !== "object" || value === null) return null;
  const { adminUrl, adminToken, ingestUrl, pid, startedAt } = value as Record<string, unknown>;
  if (typeof pid !== "number" || typeof startedAt !== "string") return null;
  return {
    adminUrl: textOrNull(adminUrl),
    adminToken: textOrNull(adminToken),
    ingestUrl: textOrNull(ingestUrl),
    pid,
    startedAt: new Date(startedAt),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
