const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const loneSurrogate = /\p{Surrogate}/u;
const backslash = 0x5c;

/** UTF-8 text exactly as its bytes say, a byte order mark included; null when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/**
 * The text of a JSON string, given the bytes between its quotes. Null for invalid UTF-8, invalid escapes and lone
 * surrogates: those have no one spelling, and two of them must not become the same text.
 */
export function decodeJsonString(bytes: Uint8Array, start: number, end: number): string | null {
  if (isPlain(bytes, start, end)) return readLatin1(bytes, start, end);
  const text = decodeUtf8(bytes.subarray(start, end));
  if (text === null || !text.includes("\\")) return text;
  try {
    const parsed: unknown = JSON.parse(`"${text}"`);
    return typeof parsed === "string" && !loneSurrogate.test(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** The text of bytes that are known to be ASCII. */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString("latin1", start, end);
}

/** ASCII without an escape: nearly every id, and its bytes are its text. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? backslash;
    if (byte > 0x7f || byte === backslash) return false;
  }
  return true;
}
