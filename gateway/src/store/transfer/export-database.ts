import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { messageOf } from "../../platform/log.ts";
import type { SchemaShape } from "./schema-shape.ts";
import { TRANSFER_SETTINGS, readSchemaShape } from "./schema-shape.ts";
import { connectForTransfer, cutConnection } from "./transfer-client.ts";
import type { Trailer } from "./transfer-file.ts";
import { FORMAT, FORMAT_VERSION, createFileWriter } from "./transfer-file.ts";

export type Exported =
  | { readonly ok: true; readonly tables: readonly Trailer[]; readonly rows: number }
  | {
      readonly ok: false;
      readonly code: "unreachable" | "not_migrated" | "failed";
      readonly message: string;
      readonly remedy: string;
    };

/**
 * Writes all rows of schema `holdfast` to `out`, as they stood at one moment, and ends `out`. The gateway may go on
 * working meanwhile; what it records after that moment is not in the file. The format is that of transfer-file.ts.
 */
export async function exportDatabase(
  deps: { clock: { now(): Date } },
  options: { url: string; out: Writable },
): Promise<Exported> {
  let client: Client;
  try {
    client = await connectForTransfer(options.url, "holdfast db export");
  } catch (error) {
    return {
      ok: false,
      code: "unreachable",
      message: `The database cannot be reached: ${messageOf(error)}.`,
      remedy: "Check DATABASE_URL, and that the server runs.",
    };
  }
  try {
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
    await pipeline(
      Readable.from(writeFile(client, shape, deps.clock.now(), tables), { objectMode: false }),
      options.out,
    );
    return { ok: true, tables, rows: tables.reduce((sum, table) => sum + table.rows, 0) };
  } catch (error) {
    return {
      ok: false,
      code: "failed",
      message: `The export broke off: ${messageOf(error)}.`,
      remedy: "Remove the unfinished file, and try again.",
    };
  } finally {
    cutConnection(client);
  }
}

async function* writeFile(client: Client, shape: SchemaShape, at: Date, done: Trailer[]): AsyncGenerator<Buffer, void> {
  const file = createFileWriter();
  yield file.line({ format: FORMAT, formatVersion: FORMAT_VERSION, exportedAt: at.toISOString(), ...shape });
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
