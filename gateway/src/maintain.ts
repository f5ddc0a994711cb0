import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { GatewayConfig } from "./config.ts";
import { createLog, messageOf } from "./platform/log.ts";
import { loadMasterKey } from "./platform/secrets-box.ts";
import { readStandIn } from "./store/embedded/cluster-folder.ts";
import { syncFolder } from "./store/embedded/durable-file.ts";
import { migrate } from "./store/migrate.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { exportDatabase, importDatabase, STOPPED } from "./store/transfer.ts";

/** What a command on the database itself came to; a fault says what to do. */
export type Maintained<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly code: string; readonly message: string; readonly remedy: string };

/** What several processes of one machine stand on together. */
export interface Ground {
  /** The connection string that each of them uses. */
  readonly databaseUrl: string;
  /** Where the embedded server keeps its cluster; null for an external one. */
  readonly databaseFolder: string | null;
  /** For people: engine and place, without credentials. */
  readonly description: string;
  readonly adopted: boolean;
  /** Stops the embedded server; call it when the last of them has ended. */
  stop(): Promise<void>;
}

/** Opens and migrates the database for several processes, and makes the key that they share. */
export async function layGround(config: GatewayConfig, note: Note): Promise<Maintained<{ readonly ground: Ground }>> {
  const log = createLog(config.logLevel);
  const store = await openStore({ ...config, log, onProgress: note });
  if (!store.ok) return store;
  const key = await loadMasterKey({
    value: config.secretKey ?? undefined,
    file: config.secretKeyFile ?? undefined,
    dataDir: config.dataDir,
    holdsSealed: store.holdsSealed,
  });
  if (key.ok) {
    const { url: databaseUrl, folder: databaseFolder, description, adopted } = store;
    return { ok: true, ground: { databaseUrl, databaseFolder, description, adopted, stop: () => store.stop() } };
  }
  await store.stop();
  return {
    ok: false,
    code: "secret_key",
    message: key.fault,
    remedy: key.remedy ?? "See docs/configuration.md, secretKey.",
  };
}

interface Exported {
  readonly rows: number;
  readonly tables: number;
  /** The size of the file; null for a stream. */
  readonly bytes: number | null;
}

interface Imported {
  readonly rows: number;
  readonly tables: number;
}

type Note = (text: string) => void;

/** How whoever runs a command on the database itself is told how far it is, and tells it to stop. */
export interface Supervision {
  readonly note: Note;
  /** Aborted, it ends as soon as it can with the fault `stopped`, and leaves neither a draft nor a server. */
  readonly signal: AbortSignal;
}

/** Where the embedded database's files are, or will be: the data folder, or what stands in for it where root started it. */
export function findDatabaseFolder({ dataDir }: Pick<GatewayConfig, "dataDir">): string {
  try {
    return readStandIn(dataDir) ?? dataDir;
  } catch {
    // Another user's: what the data folder itself says is the best that can be told.
    return dataDir;
  }
}

/** Brings the database to this build's schema. `ahead` names migrations that only a newer build knows. */
export function migrateDatabase(
  config: GatewayConfig,
  supervision: Supervision,
): Promise<Maintained<{ readonly version: number; readonly ahead: readonly string[] }>> {
  return withStore(config, supervision, async (store) => {
    // Opening has migrated already; what is asked here is the state that it led to.
    const state = await migrate(store.url);
    if (state.ok) return { ok: true, version: state.version, ahead: state.ahead };
    return { ok: false, code: state.code, message: state.message, remedy: "Mend the cause and run it again." };
  });
}

/** Writes the whole database to a file, or to `out`. An unfinished file never has the final name. */
export function exportToFile(
  config: GatewayConfig,
  target: { readonly file: string } | { readonly out: Writable },
  supervision: Supervision,
): Promise<Maintained<Exported>> {
  const { signal } = supervision;
  return withStore<Exported>(config, supervision, async ({ url }) => {
    if ("out" in target) {
      const exported = await exportDatabase({ url, out: target.out, signal });
      return exported.ok ? { ok: true, rows: exported.rows, tables: exported.tables.length, bytes: null } : exported;
    }
    const draft = `${target.file}.unfinished`;
    // Events, their bodies and sealed secrets are in it: for its owner alone.
    const out = createWriteStream(draft, { mode: 0o600, flush: true });
    const fault = await once(out, "open").then(
      () => null,
      (error: unknown) => error,
    );
    if (fault !== null) return unwritable(draft, fault);
    const exported = await exportDatabase({ url, out, signal });
    if (!exported.ok) {
      out.destroy();
      await rm(draft, { force: true });
      return exported;
    }
    await rename(draft, target.file);
    syncFolder(dirname(target.file));
    const { size } = await stat(target.file);
    return { ok: true, rows: exported.rows, tables: exported.tables.length, bytes: size };
  });
}

function unwritable(file: string, fault: unknown): Maintained<never> {
  const message = `${file} cannot be written: ${messageOf(fault)}.`;
  return {
    ok: false,
    code: "file_unwritable",
    message,
    remedy: "Name a file in a folder that this user may write to.",
  };
}

/** Reads such a file, or `in`, into an empty database of the same version; all of it or nothing. */
export function importFromFile(
  config: GatewayConfig,
  origin: { readonly file: string } | { readonly in: Readable },
  supervision: Supervision,
): Promise<Maintained<Imported>> {
  const { signal } = supervision;
  return withStore<Imported>(config, supervision, async ({ url }) => {
    const readable = "in" in origin ? origin.in : createReadStream(origin.file);
    const imported = await importDatabase({ url, in: readable, signal });
    return imported.ok ? { ok: true, rows: imported.rows, tables: imported.tables.length } : imported;
  });
}

/** Opens the database, lets `use` work on it, and closes it again. */
async function withStore<T>(
  config: GatewayConfig,
  { note, signal }: Supervision,
  use: (store: Store) => Promise<Maintained<T>>,
): Promise<Maintained<T>> {
  const { databaseUrl, dataDir, logLevel } = config;
  const store = await openStore({ databaseUrl, dataDir, log: createLog(logLevel), onProgress: note });
  if (!store.ok) return store;
  try {
    if (signal.aborted) return STOPPED;
    return await use(store);
  } finally {
    await store.stop();
  }
}
