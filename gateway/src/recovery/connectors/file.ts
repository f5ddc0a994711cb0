import { open } from "node:fs/promises";
import { join } from "node:path";
import type { FileOptions } from "../../domain/connector.ts";
import type { LogWindow } from "../../domain/reconciliation.ts";
import { messageOf } from "../../platform/log.ts";
import type { Connector, ConnectorFault, LogEntry } from "./connector.ts";
import { faultOf } from "./provider-line.ts";
import { readEntry, readMoment } from "./read-entry.ts";
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
    const head = options.format === "csv" ? await readRecord(file, 0, "csv") : null;
    let at = Math.max(from, head?.end ?? 0);
    const entries: LogEntry[] = [];
    const columns = head === null ? [] : splitCsv(head.text);
    for (let lines = 0; lines < pageItems; lines++) {
      const record = await readRecord(file, at, options.format);
      if (record === null) return { ok: true, entries, next: null } as const;
      at = record.end;
      if (record.text.trim() === "") continue;
      const entry = head === null ? readLine(record.text, options) : readRow(columns, record.text, options);
      if ("cause" in entry) return { ...entry, detail: `${entry.detail} (at byte ${record.start} of ${options.file})` };
      if (entry.occurredAt === null || (entry.occurredAt >= window.from && entry.occurredAt < window.to))
        entries.push(entry);
    }
    return { ok: true, entries, next: String(at) } as const;
  } finally {
    await file.close();
  }
}

interface FileRecord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

type File = Awaited<ReturnType<typeof open>>;

/** One record: up to a line break, in CSV one that no quotation marks enclose. Null at the end. */
async function readRecord(file: File, start: number, format: FileOptions["format"]): Promise<FileRecord | null> {
  const bytes = Buffer.alloc(CHUNK_BYTES);
  const { bytesRead } = await file.read(bytes, 0, CHUNK_BYTES, start);
  if (bytesRead === 0) return null;
  let isQuoted = false;
  for (let i = 0; i < bytesRead; i++) {
    if (bytes[i] === 0x22 && format === "csv") isQuoted = !isQuoted;
    if (bytes[i] === 0x0a && !isQuoted)
      return { text: bytes.toString("utf8", 0, i).replace(/\r$/, ""), start, end: start + i + 1 };
  }
  if (bytesRead === CHUNK_BYTES) throw new Error(`a record at byte ${start} is longer than ${CHUNK_BYTES} bytes`);
  return { text: bytes.toString("utf8", 0, bytesRead), start, end: start + bytesRead };
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
