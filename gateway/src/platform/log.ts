import { pino } from "pino";
import { openStandardError } from "./standard-error.ts";

/** A structured logger: one line of JSON a record, no bodies, no secrets. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs to standard error, so that standard output stays free for what a command prints. */
export function createLog(level: LogLevel): Log {
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  const out = openStandardError();
  return pino(options, { write: (line: string) => out.write(escapeControls(line)) });
}

// JSON lets these stand as they are, and readers of logs cut lines at some of them (U+0085, U+2028) while terminals obey
// others (U+009B). They can only stand inside a text, where the escape means the same.
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

function escapeControls(line: string): string {
  return line.replaceAll(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** An error's own words on one line, at most 500 characters, for a log field or an attempt's row. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 500);
}
