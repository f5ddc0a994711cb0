import { verify as verifyBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import { fillTemplate } from "../content-template.ts";
import { explainPublicKeyMismatch } from "../diagnose/public-key-mismatch.ts";
import { readPublicKeys } from "../key.ts";
import type { Chunk } from "../provider.ts";
import { readEd25519Key } from "../public-key.ts";
import { refuse } from "../refuse.ts";
import type { PublicKeyScheme } from "../scheme.ts";
import { checkTime } from "./check-time.ts";
import { readClaim } from "./claim.ts";
import type { Finding } from "./proof.ts";

/** Bytes of an Ed25519 signature (RFC 8032). */
const signatureBytes = 64;

/** Verifies an Ed25519 signature over a template, with any of the receiver's public keys. */
export function provePublicKey(arrival: Arrival, scheme: PublicKeyScheme): Finding {
  const { signature, timestamp, content } = scheme;
  const claim = readClaim(arrival, { signature, timestamp, signsId: false, signatureBytes });
  if (!claim.ok) return claim;
  const keys = usableKeys(arrival);
  if (keys.length === 0) return refuseNoKey(arrival);
  const { body } = arrival.request;
  const chunksOf = (signed: Uint8Array) =>
    fillTemplate(content, { body: signed, timestamp: claim.timestamp, id: "", notificationUrl: "" });
  const makes = (signed: Uint8Array) => matchPublicKey(keys, joinChunks(chunksOf(signed)), claim.signatures);
  const version = makes(body);
  if (version === null) return explainPublicKeyMismatch({ arrival, claim, keyCount: keys.length, makes });
  const tooFar = checkTime(arrival, timestamp, claim.signedAtMs);
  const signedAt = new Date(claim.signedAtMs);
  return tooFar ?? { ok: true, secretVersion: version, signedAt, signed: chunksOf(body) };
}

/** A public key that can be tried, under the name that the verdict reports. */
interface NamedKey {
  readonly version: string;
  readonly key: KeyObject;
}

function usableKeys({ receiver }: Arrival): NamedKey[] {
  return readPublicKeys(receiver).flatMap(({ version, key }) => {
    const read = readEd25519Key(key);
    return typeof read === "string" ? [] : [{ version, key: read }];
  });
}

function matchPublicKey(keys: readonly NamedKey[], content: Buffer, signatures: readonly Buffer[]): string | null {
  let matched: string | null = null;
  for (const { version, key } of keys) {
    const fits = signatures.some((signature) => verifyBytes(null, content, key, signature));
    if (fits && matched === null) matched = version;
  }
  return matched;
}

/** The chunks as one piece: Ed25519 hashes its input twice, so that it cannot be fed in parts. */
export function joinChunks(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk)));
}

function refuseNoKey({ entry, receiver }: Arrival): Finding {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `${entry.provider.name} needs a public key that can be read in publicKeys, such as { format: "ed25519-raw-hex", value: 64 hexadecimal digits from its developer portal }.`,
    evidence: { field: "publicKeys", given: Array.isArray(receiver.publicKeys) ? receiver.publicKeys.length : 0 },
    likelyCause: "configuration",
  });
}
