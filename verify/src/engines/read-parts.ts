import type { Arrival } from "../arrival.ts";
import { refuseMissing } from "../arrival.ts";
import { decodeExact, excerpt } from "../encoding.ts";
import type { Encoding } from "../scheme.ts";
import { refuse } from "../refuse.ts";
import { headerCharsMax, onlyHeader } from "../request.ts";
import { readTimestampMs } from "../timestamp.ts";
import type { TimestampUnit } from "../timestamp.ts";
import type { LikelyCause, Refused } from "../verdict.ts";
import { refuseTimestamp } from "./claim.ts";
import { publicUrl } from "./public-url.ts";

/** A header that must be there once, not empty and not too long, or the refusal. `name` in the provider's spelling. */
export function readHeader({ entry, request }: Arrival, name: string): string | Refused {
  const value = onlyHeader(request.headers, name.toLowerCase());
  if (value === null || value === "") return refuseMissing(entry, request.headers, name);
  return value.length <= headerCharsMax
    ? value
    : refuseSpelling(name, value, `it is ${value.length} characters long, and ${headerCharsMax} is the most`);
}

/** The refusal of a value that is not spelled as the provider spells it. `where` names a header or a field. */
export function refuseSpelling(
  where: string,
  value: string,
  fault: string,
  likelyCause: LikelyCause | null = null,
): Refused {
  return refuse("malformed_header", {
    step: "headers",
    summary: `${where} cannot be read: ${fault}. Pass it on exactly as it came.`,
    evidence: { header: where, length: value.length, start: excerpt(value) },
    likelyCause,
  });
}

/** What was done to the right bytes, as far as their spelling tells. */
function spellingCause(text: string, encoding: Encoding, bytes: number): LikelyCause | null {
  if (text.includes(", ")) return "headers_joined";
  if (encoding === "hex" && decodeExact(text.toLowerCase(), encoding, bytes) !== null) return "signature_letter_case";
  return decodeExact(text, encoding === "hex" ? "base64" : "hex", bytes) === null ? null : "signature_encoding";
}

/** One exactly spelled signature of this many bytes, or the refusal. */
export function readSignature(where: string, text: string, encoding: Encoding, bytes: number): Buffer | Refused {
  const signature = decodeExact(text, encoding, bytes);
  if (signature !== null) return signature;
  return refuseSpelling(
    where,
    text,
    `it is not the ${encoding} of ${bytes} bytes`,
    spellingCause(text, encoding, bytes),
  );
}

/** A time exactly as the provider writes it, or the refusal. */
export function readMoment(where: string, text: string, unit: TimestampUnit): number | Refused {
  return readTimestampMs(text, unit) ?? refuseTimestamp(text, where, { at: "header", unit, toleranceSec: null });
}

const isoMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|\+00:00)$/;

/** A time in ISO 8601 and UTC, or the refusal. */
export function readIsoMoment(where: string, text: string): number | Refused {
  const ms = isoMoment.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  return refuse("timestamp_malformed", {
    step: "time",
    summary: `The time in ${where} is not ISO 8601 in UTC, as the provider writes it. Send it unchanged.`,
    evidence: { where, length: text.length, start: excerpt(text, 24) },
  });
}

/** The URL that the provider addressed, absolute, or the refusal. */
export function readUrl(arrival: Arrival): string | Refused {
  return publicUrl(arrival) ?? refuseIncomplete(arrival, "notificationUrl", "signs the URL that it addressed");
}

/** The refusal of a receiver that lacks a field. `why`: what the provider does that asks for it. */
export function refuseIncomplete({ entry }: Arrival, field: string, why: string): Refused {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `${entry.provider.name} ${why}, so the receiver needs ${field}.`,
    evidence: { field },
    likelyCause: "configuration",
  });
}

/** The refusal of a body in which the signed parts cannot be found in one way only. */
export function refuseBody({ entry, request }: Arrival, fault: string): Refused {
  return refuse("body_malformed", {
    step: "body",
    summary: `The body is not what ${entry.provider.name} sends: ${fault}. Pass the body on as it came.`,
    evidence: { bodyBytes: request.body.length },
    likelyCause: request.body.length === 0 ? "body_empty" : null,
  });
}
