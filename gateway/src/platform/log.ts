import { pino } from "pino";

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
  return pino(options, pino.destination({ dest: 2, sync: false }));
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** An error's own words on one line, at most 500 characters, for a log field or an attempt's row. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 500);
}
