import { open } from "node:fs/promises";
import { join } from "node:path";
import type { FileOptions } from "../../domain/connector.ts";
import type { LogWindow } from "../../domain/reconciliation.ts";
import { messageOf } from "../../platform/log.ts";
import type { Connector, ConnectorFault, LogEntry } from "./connector.ts";
import { faultOf } from "./provider-line.ts";
import { isWithin, readEntry, readMoment } from "./read-entry.ts";
import { isJson } from "./svix.ts";

const CHUNK_BYTES = 1_048_576;

/**
 * An exported log: one JSON document a line, or CSV with a head (RFC 4180). The cursor is the place of the next line in bytes, so a
 * file of any size is read with a bounded part of it in memory, and a run goes on where it was.
 *
 * @param folder where the files of this tenant are; the name of a file leads to no other place
 */
export function connectFile(folder: string, options: FileOptions): Connector {
  return {
    list: async (window, cursor, pageItems) => {
      try {
        return await readPage(join(folder, options.file), options, window, Number(cursor ?? 0), pageItems);
      } catch (error) {
        const isMissing = (error as { code?: unknown }).code === "ENOENT";
        const detail = isMissing ? `there is no file imports/…/${options.file} in the data folder` : messageOf(error);
        return faultOf("refused", detail);
      }
    },
    fetch: null,
    redeliver: null,
  };
}

async function readPage(path: string, options: FileOptions, window: LogWindow, from: number, pageItems: number) {
  const file = await open(path, "r");
  try {
    const head = options.format === "csv" ? (await readChunk(file, 0)).next(options.format) : null;
    const columns = head === null ? [] : splitCsv(head.text);
    const chunk = await readChunk(file, Math.max(from, head?.end ?? 0));
    const entries: LogEntry[] = [];
    for (let lines = 0; lines < pageItems; lines++) {
      const record = chunk.next(options.format);
      if (record === null) break;
      if (record.text.trim() === "") continue;
      const entry = head === null ? readLine(record.text, options) : readRow(columns, record.text, options);
      if ("cause" in entry) return { ...entry, detail: `${entry.detail} (at byte ${record.start} of ${options.file})` };
      if (isWithin(entry, window)) entries.push(entry);
    }
    return { ok: true, entries, next: chunk.isOver() ? null : String(chunk.at()) } as const;
  } finally {
    await file.close();
  }
}

interface FileRecord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A part of a file, taken apart record by record. */
interface Chunk {
  /** The next whole record; null when there is none in this part. Throws on one that is longer than a part. */
  next(format: FileOptions["format"]): FileRecord | null;
  /** Where the next record begins in the file. */
  at(): number;
  /** Whether the file ends where the next record would begin. */
  isOver(): boolean;
}

async function readChunk(file: Awaited<ReturnType<typeof open>>, start: number): Promise<Chunk> {
  const bytes = Buffer.alloc(CHUNK_BYTES);
  const { bytesRead } = await file.read(bytes, 0, CHUNK_BYTES, start);
  const isLast = bytesRead < CHUNK_BYTES;
  let at = 0;
  const take = (end: number, next: number): FileRecord => {
    const text = bytes.toString("utf8", at, end).replace(/\r$/, "");
    const record = { text, start: start + at, end: start + next };
    at = next;
    return record;
  };
  return {
    next: (format) => {
      const end = findEnd(bytes.subarray(0, bytesRead), at, format);
      if (end !== null) return take(end, end + 1);
      if (isLast) return at < bytesRead ? take(bytesRead, bytesRead) : null;
      if (at === 0) throw new Error(`a record at byte ${start} is longer than ${CHUNK_BYTES} bytes`);
      return null;
    },
    at: () => start + at,
    isOver: () => isLast && at >= bytesRead,
  };
}

/** The line break that ends a record, in CSV one that no quotation marks enclose. */
function findEnd(bytes: Buffer, from: number, format: FileOptions["format"]): number | null {
  let isQuoted = false;
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === 0x22 && format === "csv") isQuoted = !isQuoted;
    if (bytes[i] === 0x0a && !isQuoted) return i;
  }
  return null;
}

function readLine(text: string, options: FileOptions): LogEntry | ConnectorFault {
  const entry = isJson(text) ? readEntry(text, options) : null;
  return entry ?? faultOf("refused", `a line is no JSON with an id at ${options.id}`);
}

function readRow(columns: readonly string[], text: string, options: FileOptions): LogEntry | ConnectorFault {
  const cells = splitCsv(text);
  const cell = (name: string | undefined): string | null => {
    const at = name === undefined ? -1 : columns.indexOf(name);
    return at < 0 ? null : (cells[at] ?? null);
  };
  const id = cell(options.id);
  if (id === null || id === "") return faultOf("refused", `a row has nothing in the column ${options.id}`);
  const time = cell(options.time);
  const body = cell(options.body);
  return {
    eventKey: `id:${id}`,
    providerEventId: id,
    reference: null,
    eventType: cell(options.type),
    occurredAt: time === null ? null : readMoment(time, options.timeFormat ?? "iso"),
    providerOutcome: null,
    body: body === null || body === "" ? null : Buffer.from(body),
    headers: [["content-type", "application/json"]],
  };
}

/** The cells of one record of CSV (RFC 4180): quoted where they hold commas, line breaks or marks, which are doubled. */
export function splitCsv(text: string): string[] {
  const cells: string[] = [];
  for (const match of `${text},`.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*)),/g))
    cells.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
  return cells;
}
