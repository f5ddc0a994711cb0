import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { silentLog } from "../../src/platform/log.ts";
import type { EmbeddedFault } from "../../src/store/embedded/embedded-fault.ts";
import type { EmbeddedOptions, EmbeddedServer } from "../../src/store/embedded/start-embedded.ts";
import { startEmbedded } from "../../src/store/embedded/start-embedded.ts";
import { testFolder } from "./folder.ts";
import { startOwner } from "./owner.ts";
import type { Owner } from "./owner.ts";

/** Initialises one database for a test file and gives a function that copies it, stopped, into a folder of its own. */
export function madeOnce(): () => string {
  const base = mkdtempSync(join(tmpdir(), "holdfast-case-"));
  chmodSync(base, 0o755);
  beforeAll(async () => {
    const server = await startEmbedded({ log: silentLog, dataDir: base });
    if (!server.ok) throw new Error(server.message);
    await server.stop();
  });
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  return () => {
    const copy = join(testFolder(), "data");
    execFileSync("cp", ["-a", base, copy]);
    return copy;
  };
}

/** Starts a server that is stopped after the test. */
export async function started(options: Omit<EmbeddedOptions, "log">): Promise<EmbeddedServer> {
  const server = await startEmbedded({ log: silentLog, ...options });
  if (!server.ok) throw new Error(`${server.code}: ${server.message}`);
  onTestFinished(() => server.stop());
  return server;
}

/** The reason why a server does not start. */
export async function refused(options: Omit<EmbeddedOptions, "log">): Promise<EmbeddedFault> {
  const fault = await startEmbedded({ log: silentLog, ...options });
  if (!fault.ok) return fault;
  await fault.stop();
  throw new Error("the server started");
}

/** A process that owns a server; it stops the server and ends after the test, unless the test ended it. */
export function owner(options: Record<string, unknown>, user: { uid?: number; gid?: number } = {}): Owner {
  const process = startOwner(options, user);
  onTestFinished(() => process.finish());
  return process;
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends Record<string, unknown>>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Whether `pid` is the server of the data folder, and not a zombie or somebody else. */
export function isRunning(pid: number, home: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === join(home, "postgres");
  } catch {
    return false;
  }
}

/** Asks again until the answer is yes; the test's own deadline ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((next) => setTimeout(next, 20));
}

/** A server for one test file alone, stopped and removed after it. */
export function serverOfThisFile(settings: Readonly<Record<string, string>> = {}): () => EmbeddedServer {
  let server: EmbeddedServer | undefined;
  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "holdfast-case-"));
    const made = await startEmbedded({ log: silentLog, dataDir, settings });
    if (!made.ok) throw new Error(made.message);
    server = made;
  });
  afterAll(async () => {
    await server?.stop();
    if (server !== undefined) rmSync(server.dataDir, { recursive: true, force: true });
  });
  return () => {
    if (server === undefined) throw new Error("the server is started before the first test");
    return server;
  };
}
