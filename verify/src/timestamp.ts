/** Seconds or milliseconds since 1970, or ISO 8601 with an offset (`2024-05-06T07:08:09Z`). */
export type TimestampUnit = "s" | "ms" | "iso";

const exactSeconds = /^[1-9][0-9]{9}$/;
const exactIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const exactMilliseconds = /^[1-9][0-9]{12}$/;

/** Bounds of a receiver's own tolerance: below a second clocks differ, above 15 minutes a replay has all the time it needs. */
export const toleranceSecMin = 1;
export const toleranceSecMax = 900;

/**
 * The moment in milliseconds, or null. Ten digits for seconds, thirteen for milliseconds, nothing before, between or after:
 * `parseInt` in the providers' libraries takes `1674087231abc`, ` 1…`, `+1…` and `1…e5` as well (faults finding 8, F93).
 */
export function readTimestampMs(text: string, unit: TimestampUnit): number | null {
  if (unit === "iso") return readIsoMs(text);
  if (unit === "s") return exactSeconds.test(text) ? Number(text) * 1000 : null;
  return exactMilliseconds.test(text) ? Number(text) : null;
}

function readIsoMs(text: string): number | null {
  const ms = exactIso.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** True when the text is a time in the other unit: the usual mistake. */
export function isOtherUnit(text: string, unit: TimestampUnit): boolean {
  if (unit === "iso") return exactSeconds.test(text) || exactMilliseconds.test(text);
  return (unit === "s" ? exactMilliseconds : exactSeconds).test(text);
}

/**
 * Seconds from the signed time to now: positive when it is old, negative when it lies ahead. Seconds-based schemes compare
 * whole seconds, as their senders count, so that an age of exactly the tolerance is still inside.
 */
export function ageSec(signedAtMs: number, now: Date, unit: TimestampUnit): number {
  const nowMs = now.getTime();
  if (unit === "ms") return (nowMs - signedAtMs) / 1000;
  return Math.floor(nowMs / 1000) - Math.floor(signedAtMs / 1000);
}

/** The text that a sender would write for this moment. */
export function writeTimestamp(now: Date, unit: TimestampUnit): string {
  if (unit === "iso") return `${now.toISOString().slice(0, 19)}Z`;
  return String(unit === "s" ? Math.floor(now.getTime() / 1000) : now.getTime());
}
