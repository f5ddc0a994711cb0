import type { Status } from "@holdfast/client";
import { isRecord } from "../config/read-settings.ts";

/** One thing that `doctor` looked at. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** What to do; null when nothing. */
  readonly remedy: string | null;
}

export function fine(check: string, found: string): Finding {
  return { check, ok: true, found, remedy: null };
}

export function wrong(check: string, found: string, remedy: string): Finding {
  return { check, ok: false, found, remedy };
}

/** What a gateway's status says of its health: the database, how far ahead its partitions reach, and what waits. */
export function* findingsOfStatus(status: Status): Generator<Finding> {
  const { database, queue } = status;
  if (isRecord(database)) {
    const { description, safety } = database;
    if (isRecord(safety) && safety["ok"] !== true) {
      yield wrong(
        "database",
        `${text(safety["cause"])}: ${text(safety["detail"])}`,
        "See docs/operate/database.md; nothing is acknowledged until this is mended.",
      );
    } else yield fine("database", `${text(description)}, durable settings`);
  }
  if (isRecord(queue) && isRecord(queue["depth"])) {
    const depth = Object.entries(queue["depth"]).map(([state, count]) => `${text(count)} ${state}`);
    yield fine("queue", depth.join(", "));
  }
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "unknown";
}
