import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterFolder } from "./cluster-folder.ts";
import { ownedBy, syncFolder, writeDurably } from "./durable-file.ts";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import type { Binaries } from "./server-binaries.ts";
import { binary } from "./server-binaries.ts";

/** Passwords of one cluster: of its superuser, whom only the launcher is, and of the role that the gateway works as. */
export interface Credentials {
  readonly superuser: string;
  readonly gateway: string;
}

const CREDENTIALS = "holdfast-credentials.json";
/** What a cluster takes after its first start (measured: 68 MiB). */
const NEW_BYTES = 68 * 1_048_576;
const PARTIAL = "postgres.partial-";
const PARTIAL_AGE_MS = 600_000;
const OUTPUT_BYTES_MAX = 4_000;

// The same order of strings on every system, whatever its C library; checksums are PostgreSQL 18's own default.
const LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"];

/**
 * Makes a new cluster: a folder beside the final one is initialised whole, with its passwords inside, and then takes the
 * final name. A kill in the middle leaves a partial folder, which a later start removes; of two starts at once one wins.
 * @returns whether the cluster is the one we made
 */
export async function initializeCluster(
  folder: ClusterFolder,
  binaries: Binaries,
): Promise<{ ok: true; created: boolean } | EmbeddedFault> {
  removeAbandoned(folder.home);
  const partial = join(folder.home, `${PARTIAL}${randomUUID()}`);
  const passwordFile = `${partial}.password`;
  const credentials: Credentials = { superuser: randomPassword(), gateway: randomPassword() };
  try {
    mkdirSync(partial, { mode: 0o700 });
    writeFileSync(passwordFile, credentials.superuser, { mode: 0o600, flag: "wx" });
    for (const path of [partial, passwordFile]) ownedBy(path, folder.user);
    const ended = await runInitdb(folder, binaries, [
      "-D",
      partial,
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      `--pwfile=${passwordFile}`,
      ...LOCALE,
    ]);
    if (ended.code !== 0) return initdbFault(folder, ended.output);
    writeDurably(join(partial, CREDENTIALS), JSON.stringify(credentials), folder.user);
    return takeName(partial, folder);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(partial, { recursive: true, force: true });
  }
}

function takeName(partial: string, folder: ClusterFolder): { ok: true; created: boolean } | EmbeddedFault {
  try {
    renameSync(partial, folder.pgdata);
  } catch {
    if (isInitialized(folder)) return { ok: true, created: false };
    return embeddedFault(
      "data_dir_damaged",
      `${folder.pgdata} exists, but is no database: it has no PG_VERSION.`,
      "Restore it from a copy, or move it away, or name another folder with --data-dir.",
    );
  }
  syncFolder(folder.home);
  return { ok: true, created: true };
}

function initdbFault(folder: ClusterFolder, output: string): EmbeddedFault {
  // Its own last words may be another trouble that came of it; what it had made is removed by now.
  const { bavail, bsize } = statfsSync(folder.home);
  const full = /No space left on device/.test(output) || bavail * bsize < NEW_BYTES;
  return embeddedFault(
    "start_failed",
    `PostgreSQL could not make its files in ${folder.home}: ${lastLines(output)}`,
    full
      ? "Free some space (about 100 MB are needed to begin with), or name another folder with --data-dir."
      : "Name another folder with --data-dir, or set DATABASE_URL.",
  );
}

/** Whether a whole cluster stands in the folder. */
export function isInitialized(folder: ClusterFolder): boolean {
  return statSync(join(folder.pgdata, "PG_VERSION"), { throwIfNoEntry: false }) !== undefined;
}

/** Reads the cluster's passwords and checks its major version. */
export function openCluster(
  folder: ClusterFolder,
  binaries: Binaries,
): { ok: true; credentials: Credentials } | EmbeddedFault {
  const major = readFileSync(join(folder.pgdata, "PG_VERSION"), "utf8").trim();
  if (major !== String(binaries.major)) {
    return embeddedFault(
      "other_major",
      `The database in ${folder.dataDir} was written by PostgreSQL ${major}, and this Holdfast brings PostgreSQL ${binaries.major}.`,
      `With the Holdfast that wrote it, run "holdfast db export events.holdfast"; then name a new folder with --data-dir and run "holdfast db import events.holdfast" with this one.`,
    );
  }
  const credentials = readCredentials(join(folder.pgdata, CREDENTIALS));
  if (credentials !== null) return { ok: true, credentials };
  return embeddedFault(
    "data_dir_damaged",
    `${join(folder.pgdata, CREDENTIALS)}, which holds the database's passwords, is missing or unreadable.`,
    "Restore it from a copy of the folder, or name another folder with --data-dir.",
  );
}

function readCredentials(path: string): Credentials | null {
  try {
    const { superuser, gateway } = JSON.parse(readFileSync(path, "utf8")) as Partial<Credentials>;
    return typeof superuser === "string" && typeof gateway === "string" ? { superuser, gateway } : null;
  } catch {
    return null;
  }
}

function runInitdb(
  folder: ClusterFolder,
  binaries: Binaries,
  args: string[],
): Promise<{ code: number | null; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(binary(binaries, "initdb"), [...args, "--no-instructions"], {
      cwd: "/",
      env: { ...binaries.environment },
      stdio: ["ignore", "pipe", "pipe"],
      ...folder.user.drop,
    });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_BYTES_MAX);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", fail);
    child.on("close", (code) => done({ code, output }));
  });
}

// Not the fresh ones: they may be another process's, at work.
function removeAbandoned(home: string): void {
  for (const name of readdirSync(home)) {
    if (!name.startsWith(PARTIAL)) continue;
    const stat = statSync(join(home, name), { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > PARTIAL_AGE_MS)
      rmSync(join(home, name), { recursive: true, force: true });
  }
}

// 192 bits; base64url needs no escaping in a connection string.
function randomPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** The end of what a program said, on one line. */
export function lastLines(output: string): string {
  return output.trim().split("\n").slice(-4).join(" | ").slice(-600);
}
