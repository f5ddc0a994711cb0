import { copyFileSync, statSync, truncateSync } from "node:fs";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";

const LOG_BYTES_MAX = 5 * 1_048_576;
const CHECK_EVERY_MS = 60_000;

/**
 * Cuts the server's log when it has grown past 5 MiB, keeping one older part beside it. In place, since the server holds
 * the file open for as long as it runs; it writes in append mode, so it goes on at the new end.
 * @returns how to end it
 */
export function keepLogShort(
  deps: { log: Log },
  logFile: string,
  bytesMax = LOG_BYTES_MAX,
  everyMs = CHECK_EVERY_MS,
): () => void {
  const timer = setInterval(() => {
    try {
      cutLog(logFile, bytesMax);
    } catch (error) {
      deps.log.warn({ error: messageOf(error) }, "the embedded database's log could not be cut");
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Cuts the log once if it is longer than `bytesMax`; the older part is kept as `<log>.1`. */
export function cutLog(logFile: string, bytesMax: number): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= bytesMax) return;
  copyFileSync(logFile, `${logFile}.1`);
  truncateSync(logFile, 0);
}
