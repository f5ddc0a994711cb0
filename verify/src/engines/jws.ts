import { createHmac, timingSafeEqual, sign as signBytes, verify as verifyBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The algorithms of RFC 7518 and RFC 8037 that providers use. `none` is not one of them. */
export type JwsAlgorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA";

/** A JSON object of a token. Only own members are read, each checked for its kind. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A token in its compact form, taken apart, not yet believed. */
export interface Jws {
  readonly header: JsonObject;
  /** The first two segments as they stood: what is signed. Empty payload segment where it is detached. */
  readonly headerText: string;
  readonly payloadText: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** Characters of one token at most; the longest in use carry a chain of certificates. */
const tokenCharsMax = 256 * 1024;

/** A compact token (RFC 7515 section 7.1), or what is wrong with it in a few words. */
export function parseJws(token: string): Jws | string {
  if (token.length > tokenCharsMax) return `it is longer than ${tokenCharsMax} characters`;
  const segments = token.split(".");
  const [headerText, payloadText, signatureText] = segments;
  if (segments.length !== 3 || headerText === undefined || payloadText === undefined || signatureText === undefined)
    return "it has not three segments with dots between them";
  const header = parseObject(decodeBase64Url(headerText));
  const payload = payloadText === "" ? Buffer.alloc(0) : decodeBase64Url(payloadText);
  const signature = decodeBase64Url(signatureText);
  if (header === null) return "its first segment is no JSON object in base64url";
  if (payload === null) return "its second segment is no base64url";
  if (signature === null) return "its third segment is no base64url";
  // RFC 7515 section 4.1.11: who does not know a critical member must refuse; nothing here knows any.
  if (Object.hasOwn(header, "crit")) return "its header asks for an extension";
  return { header, headerText, payloadText, payload, signature };
}

/** The bytes behind canonical base64url without padding, or null. Not empty. */
export function decodeBase64Url(text: string): Buffer | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}

/** The JSON object that bytes are, or null. */
export function parseObject(bytes: Uint8Array | null): JsonObject | null {
  if (bytes === null) return null;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : null;
  } catch {
    return null;
  }
}

/** A member that is text, or null. */
export function textOf(object: JsonObject, name: string): string | null {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" ? value : null;
}

const hashOf = {
  HS256: "sha256",
  HS384: "sha384",
  HS512: "sha512",
  RS256: "sha256",
  RS384: "sha384",
  RS512: "sha512",
  ES256: "sha256",
  ES384: "sha384",
  ES512: "sha512",
  EdDSA: null,
} as const;
const curveOf = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" } as const;

/** True for algorithms with a shared secret. */
export function isSymmetric(algorithm: JwsAlgorithm): algorithm is "HS256" | "HS384" | "HS512" {
  return algorithm === "HS256" || algorithm === "HS384" || algorithm === "HS512";
}

/** True when this key is of the kind that this algorithm works with, so that no key is ever used for another one. */
export function fitsAlgorithm(key: KeyObject, algorithm: JwsAlgorithm): boolean {
  if (isSymmetric(algorithm)) return key.type === "secret";
  if (algorithm === "EdDSA") return key.asymmetricKeyType === "ed25519";
  if (algorithm === "RS256" || algorithm === "RS384" || algorithm === "RS512") return key.asymmetricKeyType === "rsa";
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === curveOf[algorithm];
}

/** True when this key makes this signature. False for a key of another kind. */
export function verifyJws(algorithm: JwsAlgorithm, key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  if (!fitsAlgorithm(key, algorithm)) return false;
  const hash = hashOf[algorithm];
  if (isSymmetric(algorithm)) {
    const expected = createHmac(hash ?? "", key)
      .update(signed)
      .digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  return verifyBytes(hash, signed, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** A compact token with this header and payload. */
export function makeJws(algorithm: JwsAlgorithm, key: KeyObject, header: JsonObject, payload: Uint8Array): string {
  const headerText = Buffer.from(JSON.stringify(header)).toString("base64url");
  const signed = Buffer.from(`${headerText}.${Buffer.from(payload).toString("base64url")}`);
  const hash = hashOf[algorithm];
  const signature = isSymmetric(algorithm)
    ? createHmac(hash ?? "", key)
        .update(signed)
        .digest()
    : signBytes(hash, signed, { key, dsaEncoding: "ieee-p1363" });
  return `${signed.toString()}.${signature.toString("base64url")}`;
}
