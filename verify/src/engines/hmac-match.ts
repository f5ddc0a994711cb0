import { createHmac, timingSafeEqual } from "node:crypto";
import type { Key } from "../key.ts";
import type { Chunk } from "../provider.ts";

/** The hashes that HMAC schemes use, with their length in bytes. */
export const hashBytes = { sha256: 32, sha1: 20 } as const;

/** A hash that an HMAC scheme uses. */
export type HashName = keyof typeof hashBytes;

/** HMAC (RFC 2104) over the chunks as they stand one after another. */
export function hmac(hash: HashName, key: string | Uint8Array, chunks: readonly Chunk[]): Buffer {
  const running = createHmac(hash, key);
  for (const chunk of chunks) running.update(chunk);
  return running.digest();
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
    for (const content of contents) {
      const fits = isAmong(hmac(hash, key.bytes, content), signatures);
      if (fits && matched === null) matched = { key, content };
    }
  }
  return matched;
}
