// An append-only log: one line of JSON a record, handed to the system before the next step is taken.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/**
 * @param {string} path
 * @returns {{ add: (record: object) => void, close: () => void }}
 */
export function openLogFile(path) {
  const file = openSync(path, "a");
  return { add: (record) => void writeSync(file, `${JSON.stringify(record)}\n`), close: () => closeSync(file) };
}

/**
 * @param {string} path
 * @returns {any[]}
 */
export function readLogFile(path) {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
