import { createPublicKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import type { PublicKey } from "./receiver.ts";

/** Characters of one public key, at most. */
export const publicKeyCharsMax = 8192;

const ed25519SpkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Encodings of the points of small order. A key like these (all zeros is what a placeholder looks like) verifies signatures
 * that anybody can make. Source: RFC 8032 section 5.1 and the list that libsodium refuses.
 */
const smallOrderPoints = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** An Ed25519 public key ready for use, or what is wrong with it. */
export function readEd25519Key(given: PublicKey): KeyObject | string {
  if (typeof given !== "object" || given === null || typeof given.value !== "string")
    return "must be { format, value }";
  if (given.value.length > publicKeyCharsMax) return `is longer than ${publicKeyCharsMax} characters`;
  const key = parseKey(given);
  if (typeof key === "string") return key;
  if (key.asymmetricKeyType !== "ed25519") return "is not an Ed25519 key";
  return isSmallOrder(key) ? "is a key that verifies signatures anybody can make (a placeholder?)" : key;
}

/** RSA moduli below this are not accepted: NIST SP 800-131A has disallowed them since 2014. */
const rsaBitsMin = 2048;

/** A public key of any kind that the schemes use (RSA, ECDSA, Ed25519), or what is wrong with it. */
export function readAnyKey(given: PublicKey): KeyObject | string {
  if (typeof given !== "object" || given === null || typeof given.value !== "string")
    return "must be { format, value }";
  if (given.value.length > publicKeyCharsMax) return `is longer than ${publicKeyCharsMax} characters`;
  const key = parseKey(given, pickPublicMembers);
  return typeof key === "string" ? key : checkStrength(key);
}

/** The key, or what is wrong with it: of no known kind, too short, or a placeholder. */
export function checkStrength(key: KeyObject): KeyObject | string {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === "ed25519") {
    return isSmallOrder(key) ? "is a key that verifies signatures anybody can make (a placeholder?)" : key;
  }
  if (asymmetricKeyType === "ec") return key;
  if (asymmetricKeyType !== "rsa") return "is neither an RSA, an ECDSA nor an Ed25519 key";
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < rsaBitsMin ? `has ${bits} bits, and ${rsaBitsMin} is the least for RSA` : key;
}

const publicMembers = ["kty", "crv", "x", "y", "n", "e"] as const;

/** Only the public members (RFC 7518, RFC 8037) are taken over; a symmetric key is refused, so that it can never be one of these. */
function pickPublicMembers(value: string): JsonWebKey {
  const parsed: unknown = JSON.parse(value);
  if (typeof parsed !== "object" || parsed === null) throw new TypeError("no JSON Web Key");
  const given: Readonly<Record<string, unknown>> = { ...parsed };
  if (given["kty"] === "oct") throw new TypeError("a symmetric key");
  const members = publicMembers.filter((name) => given[name] !== undefined);
  return Object.fromEntries(members.map((name) => [name, String(given[name])]));
}

function parseKey({ format, value }: PublicKey, readJwk: (value: string) => JsonWebKey = asJwk): KeyObject | string {
  try {
    if (format === "ed25519-raw-hex") {
      if (!/^[0-9a-fA-F]{64}$/.test(value)) return "must be 64 hexadecimal digits";
      const der = Buffer.concat([ed25519SpkiPrefix, Buffer.from(value, "hex")]);
      return createPublicKey({ key: der, format: "der", type: "spki" });
    }
    if (format === "ed25519-raw-base64") {
      const raw = Buffer.from(value, "base64");
      if (raw.length !== 32 || raw.toString("base64") !== value) return "must be the base64 of 32 bytes";
      return createPublicKey({ key: Buffer.concat([ed25519SpkiPrefix, raw]), format: "der", type: "spki" });
    }
    if (format === "spki-der-base64") {
      return createPublicKey({ key: Buffer.from(value, "base64"), format: "der", type: "spki" });
    }
    if (format === "spki-pem") return createPublicKey(value);
    if (format === "jwk") return createPublicKey({ key: readJwk(value), format: "jwk" });
    return `has a format that is not known here: use ed25519-raw-hex, ed25519-raw-base64, spki-der-base64, spki-pem or jwk`;
  } catch {
    return `cannot be read as ${format}`;
  }
}

/** Only the fields of an Ed25519 key (RFC 8037) are taken over. */
function asJwk(value: string): JsonWebKey {
  const parsed: unknown = JSON.parse(value);
  if (typeof parsed !== "object" || parsed === null || !("x" in parsed)) throw new TypeError("no JSON Web Key");
  return { kty: "OKP", crv: "Ed25519", x: String(parsed.x) };
}

function isSmallOrder(key: KeyObject): boolean {
  const raw = key.export({ format: "der", type: "spki" }).subarray(ed25519SpkiPrefix.length);
  const withoutSign = Buffer.from(raw);
  withoutSign[31] = (withoutSign[31] ?? 0) & 0x7f;
  return smallOrderPoints.has(withoutSign.toString("hex"));
}
