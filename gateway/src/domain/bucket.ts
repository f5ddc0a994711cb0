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
  const digest = hash("sha256", Buffer.concat([Buffer.from(sourceId), Uint8Array.of(separator), key]), "buffer");
  const bucket = (digest[0]! << 4) | (digest[1]! >> 4);
  // The 128 bits after the first 12: shift by half a byte, since UUID text needs whole bytes.
  const hex = digest.toString("hex", 1, 18);
  return { bucket, key: toUuid(hex.slice(1, 33)) };
}

/** Writes 32 hex digits in the 8-4-4-4-12 form of RFC 9562. */
export function toUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
