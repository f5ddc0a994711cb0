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

/** What the body may have been when it was signed, the likelier first. Each costs one trial. At most 12. */
export function* bodyVariants(body: Uint8Array): Generator<BodyVariant> {
  if (body.length > variantBytesMax) return;
  yield* newlineVariants(body);
  if (startsWithByteOrderMark(body)) {
    yield { body: body.subarray(3), cause: "body_byte_order_mark", what: "without the byte order mark in front of it" };
  }
  const text = decodeUtf8(body);
  if (text === null) return;
  yield* charsetVariants(text);
  yield* jsonVariants(text);
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
