import { timingSafeEqual } from "node:crypto";
import type { Key } from "../key.ts";
import type { Chunk } from "../provider.ts";
import { hmacBriefly, makePads } from "./hmac-pads.ts";
import type { HashName, Pads } from "./hmac-pads.ts";

/** HMAC (RFC 2104) over the chunks as they stand one after another. */
export function hmac(hash: HashName, key: string | Uint8Array, chunks: readonly Chunk[]): Buffer {
  return Buffer.from(hmacBriefly(makePads(hash, key), chunks));
}

/** True when one of the signatures is this digest. All are compared, each in constant time, and all have the hash's length. */
export function isAmong(digest: Buffer, signatures: readonly Buffer[]): boolean {
  let equal = false;
  for (const signature of signatures) equal = timingSafeEqual(digest, signature) || equal;
  return equal;
}

/** The key that fits and the content that it signs. */
export interface Match {
  readonly key: Key;
  readonly content: readonly Chunk[];
}

/**
 * The first key that makes one of the signatures over one of the contents. Every key, content and signature is tried whatever
 * the others gave, so that time tells nobody which of them fits.
 */
export function matchKey(
  hash: HashName,
  keys: readonly Key[],
  contents: readonly (readonly Chunk[])[],
  signatures: readonly Buffer[],
): Match | null {
  let matched: Match | null = null;
  for (const key of keys) {
    const pads = padsOf(hash, key);
    for (const content of contents) {
      const fits = isAmong(hmacBriefly(pads, content), signatures);
      if (fits && matched === null) matched = { key, content };
    }
  }
  return matched;
}

/** The blocks of a key, kept beside it: a receiver's secret is the same on every request. */
function padsOf(hash: HashName, { material }: Key): Pads {
  if (material.pads === null || material.pads.hash !== hash) material.pads = makePads(hash, material.bytes);
  return material.pads;
}
