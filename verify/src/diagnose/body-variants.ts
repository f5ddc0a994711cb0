import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { startsWithByteOrderMark } from "../extract/json-scan.ts";
import { decodeUtf8 } from "../extract/json-text.ts";
import type { LikelyCause } from "../verdict.ts";

/** Another body that the sender may have signed, what would have happened to it on the way, and what to do about it. */
export interface BodyVariant {
  readonly body: Uint8Array;
  readonly cause: LikelyCause;
  readonly what: string;
}

/** Bodies above this are not taken apart to find out what happened to them: a forger must not be able to order the work. */
const variantBytesMax = 64 * 1024;

/** A packed body is unpacked to this many bytes at most: a few bytes may say that they are a gigabyte (faults finding 11). */
const unpackedBytesMax = 128 * 1024;

/**
 * What the body may have been when it was signed, the likelier first. Each costs one trial. At most 13.
 *
 * @param encoding the request's `Content-Encoding`
 */
export function* bodyVariants(body: Uint8Array, encoding?: string): Generator<BodyVariant> {
  if (body.length > variantBytesMax) return;
  const unpacked = unpack(body, encoding?.toLowerCase() ?? "");
  if (unpacked !== null) {
    yield { body: unpacked, cause: "body_compressed", what: "before it was compressed" };
    return;
  }
  yield* newlineVariants(body);
  if (startsWithByteOrderMark(body)) {
    yield { body: body.subarray(3), cause: "body_byte_order_mark", what: "without the byte order mark in front of it" };
  }
  const text = decodeUtf8(body);
  if (text === null) {
    const respelled = Buffer.from(Buffer.from(body).toString("latin1"), "utf8");
    yield { body: respelled, cause: "body_charset_changed", what: "in UTF-8 where Latin-1 came" };
    return;
  }
  yield* charsetVariants(text);
  yield* jsonVariants(text);
}

/** The bytes before their compression; null when they are not compressed, or unpack to too much. */
function unpack(body: Uint8Array, encoding: string): Uint8Array | null {
  const bounds = { maxOutputLength: unpackedBytesMax };
  try {
    if (body[0] === 0x1f && body[1] === 0x8b) return gunzipSync(body, bounds);
    if (encoding === "deflate") return inflateSync(body, bounds);
    return encoding === "br" ? brotliDecompressSync(body, bounds) : null;
  } catch {
    return null;
  }
}

function* newlineVariants(body: Uint8Array): Generator<BodyVariant> {
  const cause = "body_newline_changed";
  const last = body.at(-1);
  if (last === 0x0a) {
    const cut = body.at(-2) === 0x0d ? 2 : 1;
    yield { body: body.subarray(0, -cut), cause, what: "without the line break at its end" };
  } else yield { body: Buffer.concat([body, Buffer.from("\n")]), cause, what: "with a line break at its end" };
  if (!body.includes(0x0a)) return;
  const text = Buffer.from(body).toString("latin1");
  if (text.includes("\r\n")) {
    yield { body: Buffer.from(text.replaceAll("\r\n", "\n"), "latin1"), cause, what: "with LF where CRLF came" };
  } else yield { body: Buffer.from(text.replaceAll("\n", "\r\n"), "latin1"), cause, what: "with CRLF where LF came" };
}

/** UTF-8 that was read as Latin-1 and written as UTF-8 again; and Latin-1 that was written as UTF-8. */
function* charsetVariants(text: string): Generator<BodyVariant> {
  let isBeyondAscii = false;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return;
    if (unit > 0x7f) isBeyondAscii = true;
  }
  if (!isBeyondAscii) return;
  yield { body: Buffer.from(text, "latin1"), cause: "body_charset_changed", what: "in its first character encoding" };
}

/** The ways in which common JSON writers would have written the same document. */
function* jsonVariants(text: string): Generator<BodyVariant> {
  const first = text.trimStart().slice(0, 1);
  if (first !== "{" && first !== "[") return;
  const compact = rewrite(text, undefined);
  if (compact === null) return;
  const cause = "body_reserialized";
  const texts = [
    [compact, "as compact JSON"],
    [escapeBeyondAscii(compact), "as compact JSON with \\u escapes"],
    [compact.replaceAll("/", "\\/"), "as compact JSON with \\/ for a slash"],
    [rewrite(text, 2), "as JSON indented by two spaces"],
    [rewrite(text, 4), "as JSON indented by four spaces"],
    [spaceOut(compact), "as JSON with a space behind each comma and colon"],
    [escapeBeyondAscii(spaceOut(compact)), "as JSON with spaces and \\u escapes"],
  ] as const;
  const seen = new Set([text]);
  for (const [variant, what] of texts) {
    if (variant === null || seen.has(variant)) continue;
    seen.add(variant);
    yield { body: Buffer.from(variant, "utf8"), cause, what };
  }
}

/** Null when it is no JSON or nested too deep for the writer's call stack. */
function rewrite(text: string, indent: number | undefined): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, indent);
  } catch {
    return null;
  }
}

function escapeBeyondAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `{"a":1,"b":2}` as `{"a": 1, "b": 2}`; what stands inside strings is left alone. */
function spaceOut(compact: string): string {
  return compact.replace(/"(?:[^"\\]|\\.)*"|[:,]/g, (piece) => (piece.length === 1 ? `${piece} ` : piece));
}
