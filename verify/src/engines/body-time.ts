import { path, scanJson } from "../extract/json-scan.ts";
import type { TimestampRule } from "../scheme.ts";
import { readTimestampMs } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";
import { refuseTimestamp } from "./claim.ts";

/** Where a body field stands that holds the signed time, in bytes, or null when it is not there as one number. */
export function findBodyTime(body: Uint8Array, dotted: string): { start: number; end: number } | null {
  const found = scanJson(body, [path(dotted)])?.[0];
  if (found === undefined || found.ambiguous || found.value?.kind !== "number") return null;
  return { start: found.value.start, end: found.value.end };
}

/** The signed time inside a verified body, in milliseconds since 1970, or the refusal when it is absent or misspelled. */
export function readBodyTime(body: Uint8Array, dotted: string, rule: TimestampRule): number | Refused {
  const place = findBodyTime(body, dotted);
  const text = place === null ? "" : Buffer.from(body.subarray(place.start, place.end)).toString("latin1");
  return readTimestampMs(text, rule.unit) ?? refuseTimestamp(text, `the body's ${dotted}`, rule);
}
