import { decodeExact } from "./encoding.ts";
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
  return grammar.form === "pairs"
    ? readPairs(header, grammar, bytesExpected)
    : readVersions(header, grammar, bytesExpected);
}

function readPlain(header: string, { prefix, encoding }: PlainGrammar, bytesExpected: number): SignatureReading {
  if (!header.startsWith(prefix)) return { ok: false, fault: `it does not begin with ${prefix}` };
  const signature = decodeExact(header.slice(prefix.length), encoding, bytesExpected);
  if (signature === null) return { ok: false, fault: spelling(encoding, bytesExpected) };
  return { ok: true, signatures: [signature], timestamp: null };
}

function readPairs(header: string, grammar: PairsGrammar, bytesExpected: number): SignatureReading {
  const times: string[] = [];
  const texts: string[] = [];
  for (const pair of header.split(grammar.separator)) {
    const equals = pair.indexOf("=");
    const key = pair.slice(0, Math.max(equals, 0));
    if (!/^[A-Za-z0-9_-]+$/.test(key)) return { ok: false, fault: `a part of it is no key=value pair` };
    if (key === grammar.timestampKey) times.push(pair.slice(equals + 1));
    else if (key === grammar.signatureKey) texts.push(pair.slice(equals + 1));
  }
  const [timestamp] = times;
  if (timestamp === undefined) return { ok: false, fault: `it has no ${grammar.timestampKey}= part` };
  if (times.length > 1) return { ok: false, fault: `it has ${times.length} ${grammar.timestampKey}= parts` };
  return decodeAll(texts, timestamp, `${grammar.signatureKey}=`, grammar.encoding, bytesExpected);
}

function readVersions(header: string, grammar: VersionsGrammar, bytesExpected: number): SignatureReading {
  const texts: string[] = [];
  for (const part of header.split(" ")) {
    const comma = part.indexOf(",");
    if (comma <= 0) return { ok: false, fault: "a part of it is no version,signature pair" };
    if (part.slice(0, comma) === grammar.version) texts.push(part.slice(comma + 1));
  }
  return decodeAll(texts, null, `${grammar.version},`, grammar.encoding, bytesExpected);
}

function decodeAll(
  texts: readonly string[],
  timestamp: string | null,
  mark: string,
  encoding: "hex" | "base64",
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

function spelling(encoding: "hex" | "base64", bytesExpected: number): string {
  return encoding === "hex"
    ? `the signature is not ${bytesExpected * 2} lower-case hexadecimal digits`
    : `the signature is not the standard base64 of ${bytesExpected} bytes`;
}

/** The header value with these signatures, as the provider writes it. */
export function writeSignatures(signatures: readonly Buffer[], grammar: SignatureGrammar, timestamp: string): string {
  const texts = signatures.map((signature) => signature.toString(grammar.encoding));
  if (grammar.form === "plain") return `${grammar.prefix}${texts[0] ?? ""}`;
  if (grammar.form === "versions") return texts.map((text) => `${grammar.version},${text}`).join(" ");
  const pairs = texts.map((text) => `${grammar.signatureKey}=${text}`);
  return [`${grammar.timestampKey}=${timestamp}`, ...pairs].join(grammar.separator);
}
