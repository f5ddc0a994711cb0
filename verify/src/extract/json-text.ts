const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const loneSurrogate = /\p{Surrogate}/u;
const backslash = 0x5c;

/** UTF-8 text exactly as its bytes say, a byte order mark included; null when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  if (bytes.length <= 64 && isAscii(bytes))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}

/**
 * The text of a JSON string, given the bytes between its quotes. Null for invalid UTF-8, invalid escapes and lone
 * surrogates: those have no one spelling, and two of them must not become the same text.
 */
export function decodeJsonString(bytes: Uint8Array, start: number, end: number): string | null {
  const raw = bytes.subarray(start, end);
  const text = decodeUtf8(raw);
  if (text === null || !raw.includes(backslash)) return text;
  try {
    const parsed: unknown = JSON.parse(`"${text}"`);
    return typeof parsed === "string" && !loneSurrogate.test(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
