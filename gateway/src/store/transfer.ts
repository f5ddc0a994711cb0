import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { messageOf } from "../platform/log.ts";
import { isConnectionLost } from "./database.ts";
import { importTable, passOverEmpty } from "./transfer/import-table.ts";
import type { SchemaShape } from "./transfer/schema-shape.ts";
import { TRANSFER_SETTINGS, readSchemaShape } from "./transfer/schema-shape.ts";
import { connectForTransfer, cutConnection } from "./transfer/transfer-client.ts";
import type { FileReader, Header, Trailer } from "./transfer/transfer-file.ts";
import {
  DamagedFileError,
  FORMAT,
  FORMAT_VERSION,
  createFileReader,
  createFileWriter,
} from "./transfer/transfer-file.ts";

export type Exported =
  | { readonly ok: true; readonly tables: readonly Trailer[]; readonly rows: number }
  | {
      readonly ok: false;
      readonly code: "unreachable" | "not_migrated" | "stopped" | "failed";
      readonly message: string;
      readonly remedy: string;
    };

/** What comes of an export or import that was told to stop. */
export const STOPPED = {
  ok: false,
  code: "stopped",
  message: "It was told to stop before it was done.",
  remedy: "Run it again from the beginning.",
} as const;

/**
 * Writes all rows of schema `holdfast` to `out`, as they stood at one moment, and ends `out`. The gateway may go on
 * working meanwhile; what it records after that moment is not in the file. The format is that of transfer-file.ts. When
 * `signal` is aborted it breaks off, and `out` is destroyed.
 */
export async function exportDatabase(options: { url: string; out: Writable; signal?: AbortSignal }): Promise<Exported> {
  const { out, signal } = options;
  let client: Client;
  try {
    client = await connectForTransfer(options.url, "holdfast db export");
  } catch (error) {
    return unreachable(error);
  }
  const cut = (): void => cutConnection(client);
  signal?.addEventListener("abort", cut);
  try {
    signal?.throwIfAborted();
    await client.query("begin isolation level repeatable read, read only");
    await client.query(TRANSFER_SETTINGS);
    const shape = await readSchemaShape(client);
    if (shape === null) {
      return {
        ok: false,
        code: "not_migrated",
        message: "The database holds no Holdfast data.",
        remedy: "Check that DATABASE_URL names the right database.",
      };
    }
    const tables: Trailer[] = [];
    const rows = Readable.from(writeFile(client, shape, tables), { objectMode: false });
    await (signal === undefined ? pipeline(rows, out) : pipeline(rows, out, { signal }));
    return { ok: true, tables, rows: tables.reduce((sum, table) => sum + table.rows, 0) };
  } catch (error) {
    if (signal?.aborted === true) return STOPPED;
    const message = `The export broke off: ${messageOf(error)}.`;
    return { ok: false, code: "failed", message, remedy: "Remove the unfinished file, and try again." };
  } finally {
    signal?.removeEventListener("abort", cut);
    cut();
  }
}

function unreachable(error: unknown) {
  const message = `The database cannot be reached: ${messageOf(error)}.`;
  return { ok: false, code: "unreachable", message, remedy: "Check DATABASE_URL, and that the server runs." } as const;
}

async function* writeFile(client: Client, shape: SchemaShape, done: Trailer[]): AsyncGenerator<Buffer, void> {
  const file = createFileWriter();
  const moment = await client.query<{ at: string }>(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  );
  const exportedAt = moment.rows[0]?.at ?? "";
  yield file.line({ format: FORMAT, formatVersion: FORMAT_VERSION, exportedAt, ...shape });
  for (const table of shape.tables) {
    const sum = createHash("sha256");
    let bytes = 0;
    const rows = client.query(
      copyTo(`copy (select ${table.columns.join(", ")} from holdfast.${table.name}) to stdout`),
    );
    for await (const chunk of rows as AsyncIterable<Buffer>) {
      sum.update(chunk);
      bytes += chunk.length;
      yield* file.frames(chunk);
    }
    yield file.endOfTable();
    const trailer = { table: table.name, rows: rows.rowCount, bytes, sha256: sum.digest("hex") };
    yield file.line(trailer);
    done.push(trailer);
  }
  yield file.end(shape.tables.length);
}

export type Imported = { readonly ok: true; readonly tables: readonly Trailer[]; readonly rows: number } | ImportFault;

/**
 * Why nothing was imported, or nobody can tell:
 * - `damaged`: the file is no export of ours, or not as it was written
 * - `other_format`, `other_migrations`: another Holdfast wrote it than the one that reads it
 * - `not_migrated`, `not_empty`: the database is not a new one of this Holdfast
 * - `unreachable`, `failed`: the database's own reasons
 * - `stopped`: it was told to
 * - `unanswered`: it may have been, as nobody answered the COMMIT
 */
export interface ImportFault {
  readonly ok: false;
  readonly code:
    | "damaged"
    | "other_format"
    | "other_migrations"
    | "not_migrated"
    | "not_empty"
    | "unreachable"
    | "unanswered"
    | "stopped"
    | "failed";
  readonly message: string;
  readonly remedy: string;
}

/**
 * Reads a file of exportDatabase into a database that is migrated and otherwise new. One transaction: either all rows are
 * there afterwards, each table with the count and SHA-256 that the file tells, or nothing has changed. When `signal` is
 * aborted it breaks off.
 */
export async function importDatabase(options: { url: string; in: Readable; signal?: AbortSignal }): Promise<Imported> {
  const { signal } = options;
  let client: Client;
  try {
    client = await connectForTransfer(options.url, "holdfast db import");
  } catch (error) {
    return unreachable(error);
  }
  // An open transaction is rolled back with its connection.
  const cut = (): void => {
    cutConnection(client);
    options.in.destroy();
  };
  signal?.addEventListener("abort", cut);
  try {
    signal?.throwIfAborted();
    const reader = createFileReader(options.in as AsyncIterable<Buffer | string>);
    return await importFile(client, reader, await reader.header());
  } catch (error) {
    if (error instanceof UnansweredCommit)
      return fault(
        "unanswered",
        `The connection was lost when all of it was written, so it may be imported or not: ${error.message}.`,
        "Run the same import once more: it imports, or says not_empty where all of it is there. Use no other database meanwhile.",
      );
    if (signal?.aborted === true) return STOPPED;
    if (error instanceof DamagedFileError) return damaged(error.message);
    return fault(
      "failed",
      `The import broke off, and nothing was imported: ${messageOf(error)}.`,
      "Nothing has changed in the database: mend the cause, and try again.",
    );
  } finally {
    signal?.removeEventListener("abort", cut);
    cut();
  }
}

/** Nobody knows what became of a COMMIT whose connection was lost. */
class UnansweredCommit extends Error {}

async function importFile(client: Client, reader: FileReader, header: Header): Promise<Imported> {
  if (header.formatVersion !== FORMAT_VERSION) {
    return fault(
      "other_format",
      `The file has format version ${header.formatVersion}; this Holdfast reads ${FORMAT_VERSION}.`,
      "Import it with the Holdfast that wrote it.",
    );
  }
  await client.query("begin");
  await client.query(TRANSFER_SETTINGS);
  const shape = await readSchemaShape(client);
  if (shape === null)
    return fault("not_migrated", "The database holds no Holdfast schema yet.", 'Run "holdfast migrate" on it first.');
  const refusal = compareMigrations(header, shape) ?? (await refuseUnlessNew(client, shape));
  if (refusal !== null) return refusal;
  await empty(client, shape, header);
  const done: Trailer[] = [];
  for (const told of header.tables) {
    const table = shape.tables.find(({ name }) => name === told.name);
    // A partition that was being made at the moment of the export stands there as a table of its own.
    if (table === undefined) await passOverEmpty(reader, told.name);
    else done.push(await importTable(client, reader, table, told.columns));
  }
  if (done.length !== shape.tables.length) throw new DamagedFileError("it lacks tables");
  await reader.end(header.tables.length);
  const committed = await client.query("commit").catch((error: unknown) => {
    throw isConnectionLost(error) ? new UnansweredCommit(messageOf(error)) : error;
  });
  if (committed.command !== "COMMIT") throw new Error(`COMMIT was answered ${committed.command}`);
  return { ok: true, tables: done, rows: done.reduce((sum, table) => sum + table.rows, 0) };
}

function compareMigrations(header: Header, shape: SchemaShape): ImportFault | null {
  if (fingerprint(header.migrations) === fingerprint(shape.migrations)) return null;
  return fault(
    "other_migrations",
    `The file was written at migration ${nameOfLast(header.migrations)}, and the database stands at ${nameOfLast(shape.migrations)}.`,
    "Import with the Holdfast that wrote the file, into a new database, and let the newer one migrate that.",
  );
}

function fingerprint(migrations: SchemaShape["migrations"]): string {
  return JSON.stringify(migrations.map((one) => [one.number, one.name, one.sha256]));
}

function nameOfLast(migrations: SchemaShape["migrations"]): string {
  return migrations.at(-1)?.name ?? "none";
}

/**
 * A new database has no rows but those that the migrations put there, and a migration's rows carry the same transaction
 * (xmin) as its own record. Under a lock, so that no gateway that starts meanwhile slips something in.
 */
async function refuseUnlessNew(client: Client, shape: SchemaShape): Promise<ImportFault | null> {
  const names = shape.tables.map((table) => `holdfast.${table.name}`);
  await client.query(`lock table ${names.join(", ")} in access exclusive mode`);
  for (const table of shape.tables) {
    const foreign = table.partitioned ? "" : "where xmin::text not in (select xmin::text from holdfast.migration)";
    const found = await client.query<{ present: boolean }>(
      `select exists (select from holdfast.${table.name} ${foreign}) as present`,
    );
    if (found.rows[0]?.present === true) {
      return fault(
        "not_empty",
        `The database is not new: table ${table.name} has rows of its own.`,
        "Import into a new database, migrated but never used: another --data-dir, or another DATABASE_URL.",
      );
    }
  }
  return null;
}

/** Empties the tables, and cuts them into the partitions that the file's rows need. */
async function empty(client: Client, shape: SchemaShape, header: Header): Promise<void> {
  await client.query(`truncate ${shape.tables.map((table) => `holdfast.${table.name}`).join(", ")}`);
  for (const table of shape.tables) {
    if (!table.partitioned) continue;
    for (const partition of table.partitions) await client.query(`drop table holdfast.${partition.name}`);
    const wanted = header.tables.find((told) => told.name === table.name)?.partitions ?? [];
    for (const { name, bound } of wanted)
      await client.query(`create table holdfast.${name} partition of holdfast.${table.name} ${bound}`);
  }
}

function damaged(how: string): ImportFault {
  return fault(
    "damaged",
    `The file is not a whole Holdfast export: ${how}.`,
    "Copy it again, or export again; nothing was imported.",
  );
}

function fault(code: ImportFault["code"], message: string, remedy: string): ImportFault {
  return { ok: false, code, message, remedy };
}
