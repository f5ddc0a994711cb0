// An append-only log: one line of JSON a record, handed to the system before the next step is taken.
import { closeSync, openSync, readSync, writeSync } from "node:fs";

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 10;

/**
 * @param {string} path
 * @returns {{ add: (record: object) => void, close: () => void }}
 */
export function openLogFile(path) {
  const file = openSync(path, "a");
  return { add: (record) => void writeSync(file, `${JSON.stringify(record)}\n`), close: () => closeSync(file) };
}

/**
 * The records one by one: a log may be longer than a string can be.
 *
 * @param {string} path
 * @returns {Generator<any>}
 */
export function* eachRecord(path) {
  const file = openSync(path, "r");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      for (const line of bytes.toString("utf8", 0, end).split("\n")) if (line !== "") yield JSON.parse(line);
    }
    if (rest.length > 0) yield JSON.parse(rest.toString("utf8"));
  } finally {
    closeSync(file);
  }
}

/**
 * @param {string} path
 * @returns {any[]}
 */
export const readLogFile = (path) => [...eachRecord(path)];
