import type { Encoding } from "./scheme.ts";

/**
 * The bytes behind one exact, canonical spelling, or null. Node's own decoders skip what they do not know, take base64url for
 * base64 and ignore spare bits, so that many texts mean the same bytes; here one text does (faults F126).
 */
export function decodeExact(text: string, encoding: Encoding, bytesExpected: number): Buffer | null {
  if (encoding === "base64url") return decodeBase64Url(text, bytesExpected);
  const lengthExpected = encoding === "hex" ? bytesExpected * 2 : Math.ceil(bytesExpected / 3) * 4;
  if (text.length !== lengthExpected) return null;
  if (encoding === "hex") return decodeLowerHex(text);
  return decodeBase64(text, bytesExpected);
}

/** The URL alphabet without padding (RFC 4648 section 5). */
function decodeBase64Url(text: string, bytesExpected: number): Buffer | null {
  if (text.length !== Math.ceil((bytesExpected * 4) / 3)) return null;
  const bytes = Buffer.from(text, "base64url");
  return bytes.length === bytesExpected && bytes.toString("base64url") === text ? bytes : null;
}

function decodeLowerHex(text: string): Buffer | null {
  const bytes = Buffer.allocUnsafe(text.length >> 1);
  for (let at = 0; at < bytes.length; at += 1) {
    const high = lowerHexDigit(text.charCodeAt(at * 2));
    const low = lowerHexDigit(text.charCodeAt(at * 2 + 1));
    if (high < 0 || low < 0) return null;
    bytes[at] = high * 16 + low;
  }
  return bytes;
}

function lowerHexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const base64Values = Int8Array.from({ length: 128 }, (_, unit) => base64Digits.indexOf(String.fromCharCode(unit)));

/** Standard alphabet, padded, no spare bits. The length has been checked. */
function decodeBase64(text: string, bytesExpected: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(bytesExpected);
  const digits = Math.ceil((bytesExpected * 8) / 6);
  let spare = 0;
  let spareBits = 0;
  let length = 0;
  for (let at = 0; at < digits; at += 1) {
    const value = base64Values[text.charCodeAt(at)] ?? -1;
    if (value < 0) return null;
    spare = (spare << 6) | value;
    spareBits += 6;
    if (spareBits < 8) continue;
    spareBits -= 8;
    bytes[length] = spare >> spareBits;
    length += 1;
    spare &= (1 << spareBits) - 1;
  }
  for (let at = digits; at < text.length; at += 1) if (text.charCodeAt(at) !== 0x3d) return null;
  return spare === 0 ? bytes : null;
}

/**
 * The key bytes of a secret that is handed out in base64: standard alphabet, padding optional, no spare bits set. Null when
 * it is anything else, because a decoder that guesses makes another key than the sender has.
 */
export function decodeBase64Secret(text: string): Buffer | null {
  const bare = text.replace(/={1,2}$/, "");
  const bytes = Buffer.from(bare, "base64");
  const respelled = bytes.toString("base64");
  const padded = text.length > bare.length;
  return respelled === (padded ? text : bare.padEnd(respelled.length, "=")) ? bytes : null;
}

/** A header value made safe and short for a diagnosis: printable ASCII, cut. */
export function excerpt(text: string, charsMax = 8): string {
  const printable = text.slice(0, charsMax).replace(/[^ -~]/g, "?");
  return text.length > charsMax ? `${printable}…` : printable;
}
