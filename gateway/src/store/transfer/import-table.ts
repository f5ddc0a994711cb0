import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Table } from "./schema-shape.ts";
import type { FileReader, Trailer } from "./transfer-file.ts";
import { DamagedFileError } from "./transfer-file.ts";

/** Reads the next table of the file into the database. @param columns as the file names them */
export async function importTable(
  client: Client,
  reader: FileReader,
  table: Table,
  columns: readonly string[],
): Promise<Trailer> {
  if (table.columns.join() !== columns.join()) throw unknownTable(table.name);
  const sum = createHash("sha256");
  let bytes = 0;
  const rows = client.query(copyFrom(`copy holdfast.${table.name} (${table.columns.join(", ")}) from stdin`));
  await pipeline(async function* read() {
    for await (const frame of reader.frames()) {
      sum.update(frame);
      bytes += frame.length;
      yield frame;
    }
  }, rows);
  const trailer = await reader.trailer();
  const found: Trailer = { table: table.name, rows: rows.rowCount, bytes, sha256: sum.digest("hex") };
  for (const what of ["table", "rows", "bytes", "sha256"] as const) {
    if (trailer[what] !== found[what])
      throw new DamagedFileError(`table ${table.name} has ${what} ${found[what]} and should have ${trailer[what]}`);
  }
  return found;
}

/** Reads past a table that the schema does not have; one with rows is a fault of the file. */
export async function passOverEmpty(reader: FileReader, name: string): Promise<void> {
  for await (const frame of reader.frames()) if (frame.length > 0) throw unknownTable(name);
  const { table, rows } = await reader.trailer();
  if (table !== name || rows !== 0) throw unknownTable(name);
}

function unknownTable(name: string): DamagedFileError {
  return new DamagedFileError(`it speaks of a table ${name} that this schema does not have`);
}
