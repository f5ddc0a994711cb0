import { hash } from "node:crypto";

/** How many buckets there are, for ever: the distribution column of every hot table (docs/decisions/0001). */
export const BUCKETS = 4096;

/** Where a key lives: its bucket and its 128-bit form in the ledger, as a UUID string. */
export interface KeyPlace {
  readonly bucket: number;
  readonly key: string;
}

/**
 * Places an event key: bucket = first 12 bits of SHA-256(source, separator, key), ledger key = the next 128 bits.
 * Equal keys of one source always meet in one bucket, so a unique key within the bucket is unique overall.
 *
 * @param separator 0x00 for an event's id, 0x01 for its signed content, so that the two kinds cannot collide
 */
export function placeKey(sourceId: string, key: Uint8Array, separator: 0 | 1 = 0): KeyPlace {
  const sourceBytes = Buffer.byteLength(sourceId);
  const content = Buffer.allocUnsafe(sourceBytes + 1 + key.length);
  content.write(sourceId);
  content[sourceBytes] = separator;
  content.set(key, sourceBytes + 1);
  // 12 bits are three digits, and 128 are the 32 behind them. As text it costs a third of what it does as bytes.
  const digits = hash("sha256", content, "hex");
  return { bucket: Number.parseInt(digits.slice(0, 3), 16), key: toUuid(digits.slice(3, 35)) };
}

/** Writes 32 hex digits in the 8-4-4-4-12 form of RFC 9562. */
export function toUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
