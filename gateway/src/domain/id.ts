import { toUuid } from "./bucket.ts";

/** The prefixes of public ids; one kind of row, one prefix. */
export type IdPrefix =
  | "src"
  | "dst"
  | "rte"
  | "evt"
  | "dlv"
  | "att"
  | "rej"
  | "key"
  | "rec"
  | "run"
  | "rpl"
  | "hdl"
  | "alt"
  | "chn"
  | "ntc"
  | "per";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Makes a UUIDv7 (RFC 9562, 5.7): 48 bits of time, then the bucket in the 12 bits of `rand_a`, then 62 random bits.
 * An id alone therefore finds its row's bucket and its time partition.
 *
 * @param timeMs Unix time in milliseconds
 * @param random at least 8 random bytes
 */
export function newUuid(timeMs: number, bucket: number, random: Uint8Array): string {
  const time = Math.trunc(timeMs).toString(16).padStart(12, "0");
  // By the table: through a copy and its digits it costs twice as much, and each arrival makes two and more.
  const digits = (i: number): string => HEX[random[i]!]!;
  const variant = HEX[(random[0]! & 0x3f) | 0x80]!;
  const rest = `${digits(2)}${digits(3)}${digits(4)}${digits(5)}${digits(6)}${digits(7)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${bucket.toString(16).padStart(3, "0")}-${variant}${digits(1)}-${rest}`;
}

/**
 * Makes the id of something that follows what was recorded before, in its bucket: it sorts behind that, whatever clock gave the first one
 * its time. Where the present is not later it is of the next millisecond, since within one ids sort by chance.
 *
 * @param nowMs Unix time in milliseconds
 * @param random at least 8 random bytes
 */
export function uuidAfter(before: string, nowMs: number, random: Uint8Array): string {
  return newUuid(Math.max(nowMs, timeOf(before) + 1), bucketOf(before), random);
}

/** The bucket that a UUID made by {@link newUuid} carries. */
export function bucketOf(uuid: string): number {
  return Number.parseInt(uuid.slice(15, 18), 16);
}

/** The Unix time in milliseconds that a UUIDv7 carries. */
export function timeOf(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/** The lowest UUID of a millisecond: the bound of a time partition. */
export function lowestUuid(timeMs: number): string {
  return toUuid(Math.trunc(Math.max(0, timeMs)).toString(16).padStart(12, "0").padEnd(32, "0"));
}

/** The public form of a UUID, e.g. `evt_01k2…`: prefix and 26 digits of Crockford's base 32. */
export function toPublicId(prefix: IdPrefix, uuid: string): string {
  let text = `${prefix}_`;
  // 26 digits hold 130 bits: two zero bits come first.
  let bits = 0;
  let count = 2;
  for (let i = 0; i < uuid.length; i++) {
    const code = uuid.charCodeAt(i);
    if (code === 45) continue;
    bits = (bits << 4) | (code < 58 ? code - 48 : code - 87);
    count += 4;
    if (count < 5) continue;
    count -= 5;
    text += ALPHABET[bits >> count];
    bits &= (1 << count) - 1;
  }
  return text;
}

/** Reads a public id back; null when it is not one of this prefix. */
export function parsePublicId(prefix: IdPrefix, text: string): string | null {
  const match = /^([a-z]{3})_([0-7][0-9a-hjkmnp-tv-z]{25})$/.exec(text);
  if (match?.[1] !== prefix) return null;
  let value = 0n;
  for (const digit of match[2]!) value = (value << 5n) | BigInt(ALPHABET.indexOf(digit));
  return toUuid(value.toString(16).padStart(32, "0"));
}
