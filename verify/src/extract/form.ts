import { decodeUtf8 } from "./json-text.ts";

/** One field of a form-encoded body, decoded. */
export interface FormField {
  readonly name: string;
  readonly value: string;
}

/** Fields of one form at most: no sender comes near, and sorting stays cheap. */
const fieldsMax = 1000;

/**
 * The fields of an `application/x-www-form-urlencoded` body in their order, or null when it is none. Strict: percent signs with
 * two upper-case hexadecimal digits (as every sender writes them: a flipped letter case would otherwise be a second spelling of
 * the same signed content), `+` for a space, no byte that a form encoder escapes, valid UTF-8.
 */
export function decodeForm(body: Uint8Array): FormField[] | null {
  if (body.length === 0) return [];
  const fields: FormField[] = [];
  for (let start = 0; start <= body.length;) {
    const found = body.indexOf(0x26, start);
    const end = found < 0 ? body.length : found;
    if (fields.length === fieldsMax || end === start) return null;
    const field = decodeField(body.subarray(start, end));
    if (field === null) return null;
    fields.push(field);
    start = end + 1;
  }
  return fields;
}

function decodeField(bytes: Uint8Array): FormField | null {
  const equals = bytes.indexOf(0x3d);
  const name = decodePercent(equals < 0 ? bytes : bytes.subarray(0, equals));
  const value = equals < 0 ? "" : decodePercent(bytes.subarray(equals + 1));
  return name === null || value === null ? null : { name, value };
}

function decodePercent(bytes: Uint8Array): string | null {
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x25) {
      const high = upperHexDigit(bytes[at + 1]);
      const low = upperHexDigit(bytes[at + 2]);
      if (high < 0 || low < 0) return null;
      decoded[length] = high * 16 + low;
      at += 2;
    } else if (byte === 0x2b) decoded[length] = 0x20;
    else if (isPlain[byte] === 1) decoded[length] = byte;
    else return null;
    length += 1;
  }
  return decodeUtf8(decoded.subarray(0, length));
}

function upperHexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : -1;
}

/** What form encoders leave as it is (the URL standard's set and the few more that `encodeURIComponent` and its kin leave). */
const plainBytes = new Set(
  Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._~!'()@:/,;$?", "latin1"),
);
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => (plainBytes.has(byte) ? 1 : 0));
