import type { EntryPlaces, MomentFormat } from "../../domain/connector.ts";
import { readScalar, sliceJson } from "../../domain/json-slices.ts";
import type { LogWindow } from "../../domain/reconciliation.ts";
import type { LogEntry } from "./connector.ts";

const JSON_HEADERS = [["content-type", "application/json"]] as const;

/** Reads one entry of a log by the places of its parts; null where it has no id. The body is the text as it stands in the log. */
export function readEntry(text: string, places: EntryPlaces): LogEntry | null {
  const id = readScalar(text, places.id);
  const body = places.body === undefined ? text : sliceJson(text, places.body);
  if (id === null || id.text === "") return null;
  const time = places.time === undefined ? null : readScalar(text, places.time);
  return {
    // As verification names it: an id that is a JSON number never meets one that is a text.
    eventKey: `${id.kind === "number" ? "number" : "id"}:${id.text}`,
    providerEventId: id.text,
    reference: null,
    eventType: places.type === undefined ? null : (readScalar(text, places.type)?.text ?? null),
    occurredAt: time === null ? null : readMoment(time.text, places.timeFormat ?? "iso"),
    providerOutcome: null,
    body: body === null ? null : toBytes(body),
    headers: JSON_HEADERS,
  };
}

/** A body that the log keeps as text is what that text says. */
function toBytes(slice: string): Uint8Array {
  return Buffer.from(slice.startsWith('"') ? (JSON.parse(slice) as string) : slice);
}

/** A moment in a log's format; null when it is none. */
export function readMoment(text: string, format: MomentFormat): Date | null {
  const date = format === "iso" ? new Date(text) : new Date(Number(text) * (format === "s" ? 1_000 : 1));
  const year = date.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? date : null;
}

export function writeMoment(date: Date, format: MomentFormat): string {
  if (format === "iso") return date.toISOString();
  return String(format === "s" ? Math.floor(date.getTime() / 1_000) : date.getTime());
}

/** Whether an entry belongs to a window; one whose time nobody tells does. */
export function isWithin({ occurredAt }: LogEntry, { from, to }: LogWindow): boolean {
  return occurredAt === null || (occurredAt >= from && occurredAt < to);
}

/** Whether a log that has its newest entry first is read far enough: a whole page lies before the window. */
export function isPast(entries: readonly LogEntry[], { from }: LogWindow): boolean {
  return entries.length > 0 && entries.every(({ occurredAt }) => occurredAt !== null && occurredAt < from);
}
