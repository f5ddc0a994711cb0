import { homedir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { ClusterFolder } from "./cluster-folder.ts";
import { prepareClusterFolder } from "./cluster-folder.ts";
import { connectionString, createDatabase } from "./create-database.ts";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import { guardOwnership } from "./guard-ownership.ts";
import type { Credentials } from "./initialize-cluster.ts";
import { initializeCluster, isInitialized, openCluster } from "./initialize-cluster.ts";
import { keepLogShort } from "./keep-log-short.ts";
import type { Launched } from "./launch-server.ts";
import { launchServer } from "./launch-server.ts";
import { ROOT_STATE_FOLDER } from "./reachable.ts";
import type { Binaries } from "./server-binaries.ts";
import { findBinaries } from "./server-binaries.ts";
import type { Address } from "./server-settings.ts";
import { chooseServerUser } from "./server-user.ts";
import { findFreePort } from "./spawn-postmaster.ts";
import { stopPostmaster } from "./stop-postmaster.ts";

export interface EmbeddedOptions {
  readonly log: Log;
  /** Holdfast's data folder; made if it is missing. */
  readonly dataDir: string;
  /** Told before each step that may take more than a moment. */
  readonly onProgress?: (progress: { readonly step: EmbeddedStep; readonly text: string }) => void;
  /** Where links and copies of the programs go when node_modules does not do, and as root the stand-in for an unreachable data folder. */
  readonly portableCacheDir?: string;
  /** Folder of a platform package, instead of the installed one. */
  readonly platformPackageDir?: string;
  /** For example "linux-x64", instead of the one we run on. */
  readonly platform?: string;
  /** Whom the server runs as when we are root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** A socket in a private folder (POSIX) or a port of 127.0.0.1 (Windows). */
  readonly transport?: "socket" | "tcp";
  /** The port to use with "tcp"; a free one by default. */
  readonly port?: number;
  /** Server settings beside our own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long start and crash recovery may take, 120 s by default. */
  readonly startTimeoutMs?: number;
  /** How long stop() waits for an orderly shutdown before it forces one, 20 s by default. */
  readonly stopTimeoutMs?: number;
}

export type EmbeddedStep = "copy" | "initialize" | "start" | "recover";

/** A running embedded server that is ours to stop. */
export interface EmbeddedServer {
  readonly ok: true;
  /** Connection string for the gateway's role, which owns the database `holdfast` and is no superuser. */
  readonly url: string;
  /** The same database as superuser: for doctor and tests, never for the gateway. */
  readonly adminUrl: string;
  /** Whether it was running before us, left by a gateway that was killed. */
  readonly adopted: boolean;
  /** Whether the cluster is new. */
  readonly created: boolean;
  readonly version: string;
  /** The folder that holds the cluster: dataDir, or its stand-in. */
  readonly home: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly port: number;
  /** Settles when the server's process is gone, by stop() or otherwise. */
  readonly exited: Promise<void>;
  /** Stops the server fast and waits until it is gone. Call it after the drain; calling again waits for the same stop. */
  stop(): Promise<void>;
}

const STEPS: Readonly<Record<EmbeddedStep, string>> = {
  copy: "copying the database's programs to where its user can run them",
  initialize: "making a new database (once, a few seconds)",
  start: "starting the database",
  recover: "waiting for the database to start or recover",
};

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const SOCKET_PORT = 5432;

/**
 * Starts the embedded PostgreSQL on a data folder, or adopts the one that a killed gateway left running there. Every
 * expected failure is returned with its remedy. The rules are those of docs/decisions/0002-embedded-postgresql.md.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer | EmbeddedFault> {
  try {
    return await start(options);
  } catch (error) {
    // A full disk, a folder taken away, a server killed in the middle: the machine's doing, not a bug of ours.
    if (typeof (error as { code?: unknown }).code !== "string") throw error;
    const remedy = "Look at the data folder's disk and rights and start again, or set DATABASE_URL.";
    return embeddedFault(
      "start_failed",
      `The embedded database in ${options.dataDir} does not start: ${messageOf(error)}.`,
      remedy,
    );
  }
}

async function start(options: EmbeddedOptions): Promise<EmbeddedServer | EmbeddedFault> {
  const tell = (step: EmbeddedStep): void => options.onProgress?.({ step, text: STEPS[step] });
  const user = chooseServerUser(options.runAs);
  if (!user.ok) return user;
  const stateDir = options.portableCacheDir ?? defaultStateDir();
  const folder = prepareClusterFolder({ dataDir: options.dataDir, stateDir, user });
  if (!folder.ok) return folder;
  const binaries = findBinaries({ ...options, user: folder.user, cacheDir: stateDir, onCopy: () => tell("copy") });
  if (!binaries.ok) return binaries;
  let created = false;
  if (!isInitialized(folder)) {
    tell("initialize");
    const initialized = await initializeCluster(folder, binaries);
    if (!initialized.ok) return initialized;
    created = initialized.created;
  }
  const opened = openCluster(folder, binaries);
  if (!opened.ok) return opened;
  const { credentials } = opened;
  const address = await chooseAddress(options, folder);
  const launch = (): Promise<Launched | EmbeddedFault> =>
    launchServer({
      folder,
      binaries,
      address,
      superuserPassword: credentials.superuser,
      settings: options.settings ?? {},
      startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      onStep: tell,
    });
  let launched = await launch();
  if (launched.ok && launched.adopted && !(await hasRoom(launched.client, options))) {
    // Our session is held until the server cuts it, as at any stop.
    const { client, ended, pid } = launched;
    await stopPostmaster(options, { pid, folder, binaries }, options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    await ended;
    await client.end().catch(() => {});
    launched = await launch();
  }
  if (!launched.ok) return launched;
  const made = await createDatabase(launched.client, credentials.gateway);
  if (!made.ok) return made;
  return toServer(options, { folder, binaries, launched, credentials, created });
}

/** Whether an adopted server lets in as many as are to come: the gateway that it was started for may have been a smaller one. */
async function hasRoom(client: Client, { settings }: EmbeddedOptions): Promise<boolean> {
  const { rows } = await client.query<{ max_connections: string }>("SHOW max_connections");
  return Number(rows[0]?.max_connections) >= Number(settings?.["max_connections"] ?? 0);
}

function defaultStateDir(): string {
  if (process.getuid?.() === 0) return ROOT_STATE_FOLDER;
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "holdfast");
}

async function chooseAddress(options: EmbeddedOptions, folder: ClusterFolder): Promise<Address> {
  const transport = options.transport ?? (process.platform === "win32" ? "tcp" : "socket");
  if (transport === "socket") return { host: folder.socketDir, port: SOCKET_PORT };
  return { host: "127.0.0.1", port: options.port ?? (await findFreePort()) };
}

interface Parts {
  readonly folder: ClusterFolder;
  readonly binaries: Binaries;
  readonly launched: Launched;
  readonly credentials: Credentials;
  readonly created: boolean;
}

function toServer(
  options: EmbeddedOptions,
  { folder, binaries, launched, credentials, created }: Parts,
): EmbeddedServer {
  const { log, stopTimeoutMs = STOP_TIMEOUT_MS } = options;
  const { pid, address, version } = launched;
  const guard = guardOwnership({ log }, launched, { password: credentials.superuser, pgdata: folder.pgdata });
  const endLogKeeping = keepLogShort({ log }, folder.logFile);
  void guard.exited.then(endLogKeeping);
  let stopped: Promise<void> | null = null;
  const stopOnce = async (): Promise<void> => {
    endLogKeeping();
    // Our session is held until the server cuts it: released first, another process could adopt a server about to stop.
    if (guard.isOwner()) await stopPostmaster({ log }, { pid, folder, binaries }, stopTimeoutMs);
    await guard.release();
  };
  return {
    ok: true,
    url: connectionString(address, "holdfast", credentials.gateway),
    adminUrl: connectionString(address, "postgres", credentials.superuser),
    adopted: launched.adopted,
    created,
    version,
    home: folder.home,
    dataDir: folder.dataDir,
    pid,
    port: address.port,
    exited: guard.exited,
    stop: () => (stopped ??= stopOnce()),
  };
}
