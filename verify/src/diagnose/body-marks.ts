import type { Arrival } from "../arrival.ts";
import { excerpt } from "../encoding.ts";
import { path, scanJson } from "../extract/json-scan.ts";
import { readLatin1 } from "../extract/json-text.ts";
import type { Evidence } from "../refuse.ts";
import { headerValues } from "../request.ts";
import type { LikelyCause } from "../verdict.ts";

/** What a body that verifies in no form says of itself, and what to do about it. */
export interface BodyMark {
  readonly step: "body" | "receiver";
  readonly cause: LikelyCause;
  /** Sentences. */
  readonly what: string;
  readonly evidence: Evidence;
}

/** Bodies above this are not read through for a mark: a forger must not be able to order the work. */
const readBytesMax = 256 * 1024;

/** The mark of a change that cannot be undone to try it: bytes that are gone, letters that are lost. The surest first. */
export function findBodyMark({ request, receiver }: Arrival): BodyMark | null {
  const { body, headers } = request;
  if (body.length === 0) {
    const what = "The body is empty. Read the body before it is consumed elsewhere.";
    return { step: "body", cause: "body_empty", what, evidence: {} };
  }
  const announced = headerValues(headers, "content-length")[0] ?? "";
  const encoding = headerValues(headers, "content-encoding")[0] ?? "";
  if (body.length > readBytesMax) return markOfLength(body, announced);
  return (
    markOfLength(body, announced) ??
    markOfEncoding(body, encoding) ??
    markOfLostLetters(body) ??
    markOfCutJson(body) ??
    markOfEnvironment(body, receiver.environment)
  );
}

function markOfLength(body: Uint8Array, announced: string): BodyMark | null {
  if (!/^\d{1,15}$/.test(announced) || Number(announced) <= body.length) return null;
  const what = `The request announced ${announced} bytes and ${body.length} came: the body was cut off. Look for a limit on the size of bodies, or a reader that stops early.`;
  return { step: "body", cause: "body_truncated", what, evidence: { contentLength: Number(announced) } };
}

function markOfEncoding(body: Uint8Array, encoding: string): BodyMark | null {
  if (body[0] === 0x1f && body[1] === 0x8b) {
    const what =
      "The body is gzip: the sender may have signed it uncompressed, or the bytes before another compression.";
    return { step: "body", cause: "body_compressed", what, evidence: {} };
  }
  if (!/^(?:gzip|x-gzip|deflate|br|zstd)$/i.test(encoding) || !isText(body)) return null;
  const what = `The request says content-encoding: ${encoding}, and the body is not compressed: something on the way unpacked it, and the sender may have signed the packed bytes. Verify before anything unpacks the body.`;
  return { step: "body", cause: "body_compressed", what, evidence: { contentEncoding: encoding.toLowerCase() } };
}

/** Text begins with a bracket, a quote, a letter or white space; packed bytes practically never consist of such alone. */
function isText(body: Uint8Array): boolean {
  return body.subarray(0, 64).every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

/** U+FFFD stands where a decoder met bytes that it could not read: what was there is gone. */
function markOfLostLetters(body: Uint8Array): BodyMark | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  let count = 0;
  for (let at = bytes.indexOf("\ufffd"); at >= 0; at = bytes.indexOf("\ufffd", at + 3)) count += 1;
  if (count === 0) return null;
  const what = `The body holds the replacement character U+FFFD ${count === 1 ? "once" : `${count} times`}: something on the way read the bytes in a wrong character encoding, and letters are lost. Verify the raw bytes as they came.`;
  return { step: "body", cause: "body_charset_changed", what, evidence: { replacementCharacters: count } };
}

function markOfCutJson(body: Uint8Array): BodyMark | null {
  if (!isCutJson(body)) return null;
  const what = `The body is JSON that ends in the middle, after ${body.length} bytes: it was cut off. Look for a limit on the size of bodies, or a reader that stops early.`;
  return { step: "body", cause: "body_truncated", what, evidence: {} };
}

/** True for an object or array that is still open where the bytes end. */
function isCutJson(body: Uint8Array): boolean {
  const first = body.find((byte) => byte > 0x20);
  if (first !== 0x7b && first !== 0x5b) return false;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (isInString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (depth < 0) return false;
  }
  return depth > 0;
}

/** Members by which providers tell their sandbox from the real thing, and what they say there. */
const environmentMembers = [
  { at: "livemode", live: "true", sandbox: "false" },
  { at: "live", live: "true", sandbox: "false" },
  { at: "live_mode", live: "true", sandbox: "false" },
  { at: "test", live: "false", sandbox: "true" },
  { at: "test_mode", live: "false", sandbox: "true" },
  { at: "meta.test_mode", live: "false", sandbox: "true" },
  { at: "environment", live: "production", sandbox: "sandbox" },
] as const;
const environmentPaths = environmentMembers.map(({ at }) => path(at));

function markOfEnvironment(body: Uint8Array, environment: unknown): BodyMark | null {
  const found = environmentOf(body);
  const wanted = kindOf(environment);
  if (found === null || wanted === null || found.kind === wanted) return null;
  const what = `The event says that it is of the ${found.kind} environment (${found.member}), and this receiver is set up for ${wanted}: each has a secret of its own. Send the ${found.kind} events to a source with the ${found.kind} secret.`;
  return {
    step: "receiver",
    cause: "environment_differs",
    what,
    evidence: { eventEnvironment: found.kind, receiverEnvironment: wanted },
  };
}

/** Which environment the body names, unproven; null where it names none. */
function environmentOf(body: Uint8Array): { kind: "live" | "sandbox"; member: string } | null {
  const scanned = scanJson(body, environmentPaths) ?? [];
  for (const [index, { at, live, sandbox }] of environmentMembers.entries()) {
    const value = scanned[index]?.value;
    if (value === null || value === undefined || value.end - value.start > 32) continue;
    const text = readLatin1(body, value.start, value.end).toLowerCase();
    const kind = text === live ? "live" : text === sandbox ? "sandbox" : null;
    if (kind !== null) return { kind, member: `${at} is ${excerpt(text, 32)}` };
  }
  return null;
}

function kindOf(environment: unknown): "live" | "sandbox" | null {
  if (typeof environment !== "string") return null;
  if (/^(?:live|production|prod)$/i.test(environment)) return "live";
  return /^(?:sandbox|test|testing|development)$/i.test(environment) ? "sandbox" : null;
}
