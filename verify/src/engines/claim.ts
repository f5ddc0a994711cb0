import { refuseMissing } from "../arrival.ts";
import type { Arrival, HeaderRole, HeaderValues } from "../arrival.ts";
import { explainMalformedSignature } from "../diagnose/malformed-signature.ts";
import { excerpt } from "../encoding.ts";
import { refuse } from "../refuse.ts";
import type { SignatureGrammar, TimestampRule } from "../scheme.ts";
import { headerCharsMax } from "../request.ts";
import { readSignatures } from "../signature-grammar.ts";
import type { SignatureReading } from "../signature-grammar.ts";
import { isOtherUnit, readTimestampMs } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

/** What a request says about itself, read and well spelled, not yet believed. */
export interface Claim {
  readonly ok: true;
  readonly signatures: readonly Buffer[];
  /** The signed time as it was written; empty where the scheme has none outside the body. */
  readonly timestamp: string;
  /** Milliseconds since 1970; 0 where the time is not in the headers. */
  readonly signedAtMs: number;
  /** The id that is part of the signed content; empty where none is. */
  readonly id: string;
}

/** What a scheme needs to read a claim. */
export interface ClaimRule {
  readonly signature: SignatureGrammar;
  readonly timestamp: TimestampRule | null;
  readonly signsId: boolean;
  readonly signatureBytes: number;
}

/** Reads the headers of the scheme, or says which of them cannot be used. */
export function readClaim(arrival: Arrival, rule: ClaimRule): Claim | Refused {
  const { names, values } = arrival;
  const reading = readAll(values, rule);
  if (!reading.ok) return explainMalformedSignature(arrival, rule, reading.fault);
  const id = rule.signsId ? readSignedId(arrival) : "";
  if (typeof id !== "string") return id;
  const { signatures } = reading;
  const at = rule.timestamp?.at;
  if (rule.timestamp === null || typeof at === "object")
    return { ok: true, signatures, id, timestamp: "", signedAtMs: 0 };
  const text = at === "signature" ? reading.timestamp : (values.timestamp ?? null);
  if (text === null) return missing(arrival, "timestamp");
  const signedAtMs = readTimestampMs(text, rule.timestamp.unit);
  const header = at === "signature" ? names.signature : (names.timestamp ?? "");
  if (signedAtMs === null) return refuseTimestamp(text, header, rule.timestamp);
  return { ok: true, signatures, id, timestamp: text, signedAtMs };
}

/** The signatures of the header and of its further ones, as many as the provider's file names; a misspelled one is passed over. */
function readAll({ signature, others }: HeaderValues, rule: ClaimRule): SignatureReading {
  const first = readSignatures(signature, rule.signature, rule.signatureBytes);
  if (others === undefined || others.length === 0) return first;
  const more = others.map((value) =>
    readSignatures(value.slice(0, headerCharsMax), rule.signature, rule.signatureBytes),
  );
  const signatures = [first, ...more].flatMap((one) => (one.ok ? one.signatures : []));
  if (signatures.length === 0) return first;
  return { ok: true, signatures, timestamp: first.ok ? first.timestamp : null };
}

function missing({ entry, request, names }: Arrival, role: HeaderRole): Refused {
  return refuseMissing(entry, request.headers, names[role] ?? role);
}

const visibleWithoutDot = /^[!-\-/-~]{1,512}$/;

/** A dot in the id would let one signature stand for two splits of id and time (Standard Webhooks; faults F131). */
function readSignedId(arrival: Arrival): string | Refused {
  const id = arrival.values.id;
  if (id === undefined) return missing(arrival, "id");
  if (visibleWithoutDot.test(id)) return id;
  return refuse("malformed_header", {
    step: "headers",
    summary: `The header ${arrival.names.id ?? "id"} is no id: it must be 1 to 512 visible ASCII characters without a dot.`,
    evidence: { header: arrival.names.id ?? "id", length: id.length, start: excerpt(id) },
  });
}

const spellings = {
  s: "ten digits (seconds since 1970)",
  ms: "thirteen digits (milliseconds since 1970)",
  iso: "ISO 8601 with an offset",
} as const;

/** The refusal of a signed time that is not written exactly as the provider writes it. */
export function refuseTimestamp(text: string, where: string, rule: TimestampRule): Refused {
  const digits = spellings[rule.unit];
  const otherUnit = isOtherUnit(text, rule.unit);
  return refuse("timestamp_malformed", {
    step: "time",
    summary: `The time in ${where} is not ${digits}, exactly as the provider writes it${otherUnit ? "; it is in the other unit" : ""}. Send it unchanged.`,
    evidence: { where, length: text.length, start: excerpt(text, 24) },
    likelyCause: otherUnit ? "timestamp_unit" : text.includes(",") ? "headers_joined" : null,
  });
}
