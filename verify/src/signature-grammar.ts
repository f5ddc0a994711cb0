import { decodeExact } from "./encoding.ts";
import type { Encoding } from "./scheme.ts";
import type { PairsGrammar, PlainGrammar, SignatureGrammar, VersionsGrammar } from "./scheme.ts";

/** Signatures of one request, at most. A sender writes one for each live secret. */
export const signaturesMax = 10;

/** What a signature header says, or what is wrong with it in a few words. */
export type SignatureReading =
  | { readonly ok: true; readonly signatures: readonly Buffer[]; readonly timestamp: string | null }
  | { readonly ok: false; readonly fault: string };

/**
 * Reads a signature header by its grammar. Signatures that are not exactly spelled are passed over while a well-spelled one
 * stands beside them, and refused alone: what they are worth is nothing in both cases.
 */
export function readSignatures(header: string, grammar: SignatureGrammar, bytesExpected: number): SignatureReading {
  if (grammar.form === "plain") return readPlain(header, grammar, bytesExpected);
  if (grammar.form === "pairs") return readPairs(header, grammar, bytesExpected);
  if (grammar.form === "versions") return readVersions(header, grammar, bytesExpected);
  const [timestamp = "", ...texts] = header.split(",");
  return decodeAll(texts, timestamp, "<time>,", grammar.encoding, bytesExpected);
}

function readPlain(header: string, { prefix, encoding }: PlainGrammar, bytesExpected: number): SignatureReading {
  if (!header.startsWith(prefix)) return { ok: false, fault: `it does not begin with ${prefix}` };
  const signature = decodeExact(header.slice(prefix.length), encoding, bytesExpected);
  if (signature === null) return { ok: false, fault: spelling(encoding, bytesExpected) };
  return { ok: true, signatures: [signature], timestamp: null };
}

function readPairs(header: string, grammar: PairsGrammar, bytesExpected: number): SignatureReading {
  const { separator, timestampKey, signatureKey, spaced = false } = grammar;
  let timestamp: string | null = null;
  let times = 0;
  const texts: string[] = [];
  for (let start = 0; start <= header.length;) {
    const found = header.indexOf(separator, start);
    const end = found < 0 ? header.length : found;
    const equals = wordEnd(header, start, end);
    if (equals < 0) return { ok: false, fault: `a part of it is no key=value pair` };
    if (timestampKey !== null && isWord(header, start, equals, timestampKey)) {
      times += 1;
      timestamp ??= header.slice(equals + 1, end);
    } else if (isWord(header, start, equals, signatureKey)) texts.push(header.slice(equals + 1, end));
    start = end + (spaced && header[end + 1] === " " ? 2 : 1);
  }
  if (timestampKey !== null && times === 0) return { ok: false, fault: `it has no ${timestampKey}= part` };
  if (times > 1) return { ok: false, fault: `it has ${times} ${timestampKey}= parts` };
  return decodeAll(texts, timestamp, `${signatureKey}=`, grammar.encoding, bytesExpected);
}

/** Where the first `=` of a part stands when a word of letters, digits, `_` and `-` is before it, else −1. */
function wordEnd(header: string, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const unit = header.charCodeAt(at);
    if (unit === 0x3d) return at > start ? at : -1;
    const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    if (!isLetter && !(unit >= 0x30 && unit <= 0x39) && unit !== 0x5f && unit !== 0x2d) return -1;
  }
  return -1;
}

function isWord(header: string, start: number, end: number, word: string): boolean {
  return end - start === word.length && header.startsWith(word, start);
}

function readVersions(header: string, grammar: VersionsGrammar, bytesExpected: number): SignatureReading {
  const texts: string[] = [];
  for (let start = 0; start <= header.length;) {
    const found = header.indexOf(" ", start);
    const end = found < 0 ? header.length : found;
    const comma = header.indexOf(",", start);
    if (comma <= start || comma > end) return { ok: false, fault: "a part of it is no version,signature pair" };
    if (isWord(header, start, comma, grammar.version)) texts.push(header.slice(comma + 1, end));
    start = end + 1;
  }
  return decodeAll(texts, null, `${grammar.version},`, grammar.encoding, bytesExpected);
}

function decodeAll(
  texts: readonly string[],
  timestamp: string | null,
  mark: string,
  encoding: Encoding,
  bytesExpected: number,
): SignatureReading {
  if (texts.length === 0) return { ok: false, fault: `it has no ${mark} signature` };
  if (texts.length > signaturesMax) {
    return { ok: false, fault: `it has ${texts.length} signatures, and ${signaturesMax} is the most` };
  }
  const signatures = texts.map((text) => decodeExact(text, encoding, bytesExpected)).filter((one) => one !== null);
  if (signatures.length === 0) return { ok: false, fault: spelling(encoding, bytesExpected) };
  return { ok: true, signatures, timestamp };
}

function spelling(encoding: Encoding, bytesExpected: number): string {
  if (encoding === "base64url") return `the signature is not the base64url of ${bytesExpected} bytes without padding`;
  return encoding === "hex"
    ? `the signature is not ${bytesExpected * 2} lower-case hexadecimal digits`
    : `the signature is not the standard base64 of ${bytesExpected} bytes`;
}

/** The header value with these signatures, as the provider writes it. */
export function writeSignatures(signatures: readonly Buffer[], grammar: SignatureGrammar, timestamp: string): string {
  const texts = signatures.map((signature) => signature.toString(grammar.encoding));
  if (grammar.form === "plain") return `${grammar.prefix}${texts[0] ?? ""}`;
  if (grammar.form === "versions") return texts.map((text) => `${grammar.version},${text}`).join(" ");
  if (grammar.form === "time-first") return [timestamp, ...texts].join(",");
  const pairs = texts.map((text) => `${grammar.signatureKey}=${text}`);
  const time = grammar.timestampKey === null ? [] : [`${grammar.timestampKey}=${timestamp}`];
  return [...time, ...pairs].join(grammar.spaced === true ? `${grammar.separator} ` : grammar.separator);
}
