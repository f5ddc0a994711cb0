import { createHash, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import { explainNoKey } from "../diagnose/no-key.ts";
import { explainToken } from "../diagnose/token.ts";
import { readKeys } from "../key.ts";
import type { Key } from "../key.ts";
import type { StaticTokenScheme } from "../scheme.ts";
import type { Finding } from "./proof.ts";

/** Compares the token in the header with every live secret. Both sides are hashed first, so that length tells nothing. */
export function proveStaticToken(arrival: Arrival, scheme: StaticTokenScheme): Finding {
  const ring = readKeys(arrival.receiver, scheme.secret, arrival.now);
  const token = headerBytes(arrival.values.signature);
  const key = matchToken(token, ring.live);
  if (key !== null) return { ok: true, secretVersion: key.version, signedAt: null, signed: [] };
  if (ring.live.length + ring.expired.length === 0) return explainNoKey(arrival, ring);
  return explainToken(arrival, ring, matchToken(token, ring.expired));
}

/** A header value is bytes that HTTP libraries show as Latin-1; a character beyond that never came over the wire. */
function headerBytes(value: string): Buffer | null {
  for (let i = 0; i < value.length; i += 1) if (value.charCodeAt(i) > 0xff) return null;
  return Buffer.from(value, "latin1");
}

function matchToken(token: Buffer | null, keys: readonly Key[]): Key | null {
  let matched: Key | null = null;
  const given = sha256(token ?? Buffer.alloc(0));
  for (const key of keys) {
    const fits = timingSafeEqual(sha256(Buffer.from(key.text, "utf8")), given);
    if (fits && token !== null && matched === null) matched = key;
  }
  return matched;
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
