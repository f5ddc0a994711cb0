import { createHash, createSecretKey, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme, SignedRequest } from "../coded-scheme.ts";
import { excerpt } from "../encoding.ts";
import { readKeys } from "../key.ts";
import type { Key } from "../key.ts";
import type { Chunk } from "../provider.ts";
import type { Receiver } from "../receiver.ts";
import { refuse } from "../refuse.ts";
import type { SecretRule } from "../scheme.ts";
import type { KeyNeed, KeyNeeded, Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import { explainNoKey } from "../diagnose/no-key.ts";
import { isTolerance } from "./check-time.ts";
import { checkClaims } from "./jwt-claims.ts";
import type { ClaimRules } from "./jwt-claims.ts";
import { fitsAlgorithm, isSymmetric, parseJws, parseObject, textOf, verifyJws } from "./jws.ts";
import type { JsonObject, Jws, JwsAlgorithm } from "./jws.ts";
import { keysFor, usableKeys } from "./key-set.ts";
import type { NamedKey } from "./key-set.ts";
import type { Finding } from "./proof.ts";
import { refuseIncomplete, refuseSpelling } from "./read-parts.ts";

/** The hash of the body in a claim. */
export interface BodyHashRule {
  readonly claim: string;
  readonly encoding: "hex" | "base64" | "base64url";
  /** False where a request without a body may have no hash. */
  readonly always: boolean;
}

/** A token scheme. Algorithm, key and place are the provider's or the receiver's, never the token's. */
export interface JwtRule {
  /** The token as text, and what to call its place, or the refusal. */
  readonly token: (arrival: Arrival) => { readonly text: string; readonly where: string } | Refused;
  /** The algorithms that count for this receiver. */
  readonly algorithms: (receiver: Receiver) => readonly JwsAlgorithm[];
  readonly secret: SecretRule | null;
  readonly readsPublicKeys: boolean;
  readonly receiverFields: readonly string[];
  readonly claims: ClaimRules;
  readonly bodyHash: BodyHashRule | null;
  readonly signsUrl?: boolean;
  /** Where the key of this name is to be fetched, on the provider's own host; null where it must be configured. */
  readonly need?: (kid: string, receiver: Receiver) => KeyNeed | null;
  /** Further conditions on a genuine token. */
  readonly check?: (claims: JsonObject, arrival: Arrival, key: NamedKey | null) => Refused | null;
  /** What the token makes sure of in the request. Default: the body where its hash is a claim, else nothing. */
  readonly covers?: (claims: JsonObject, arrival: Arrival) => readonly Chunk[];
  /** The claims that the provider would write now. */
  readonly write: (input: VerifyInput, seconds: number) => JsonObject;
  readonly place: (input: VerifyInput, claims: JsonObject) => SignedRequest;
}

/** The scheme behind a rule. */
export function jwtScheme(rule: JwtRule): CodedScheme {
  const { secret, readsPublicKeys, receiverFields, claims, signsUrl = false } = rule;
  return {
    engine: "jwt",
    secret,
    readsPublicKeys,
    receiverFields,
    toleranceSec: claims.issuedWithinSec ?? claims.leewaySec,
    signsUrl,
    prove: (arrival) => proveJwt(arrival, rule),
    sign: (input) => rule.place(input, rule.write(input, Math.floor(input.now.getTime() / 1000))),
  };
}

function proveJwt(arrival: Arrival, rule: JwtRule): Finding {
  const { toleranceSec } = arrival.receiver;
  if (toleranceSec !== undefined && !isTolerance(toleranceSec, null))
    return refuseIncomplete(arrival, "a toleranceSec from 1 to 900", "has tokens that end");
  const token = rule.token(arrival);
  if ("ok" in token) return token;
  const proved = proveToken(arrival, rule, token.text, token.where);
  if (!proved.ok) return proved;
  const { claims, payload, version } = proved;
  const fault = checkClaims(arrival, claims, rule.claims) ?? rule.check?.(claims, arrival, proved.key) ?? null;
  if (fault !== null) return fault;
  const { bodyHash } = rule;
  const wrong = bodyHash === null ? null : checkBodyHash(arrival, claims, bodyHash);
  if (wrong !== null) return wrong;
  const signed = rule.covers?.(claims, arrival) ?? (bodyHash === null ? [] : [arrival.request.body]);
  const issued = claims["iat"];
  const signedAt = typeof issued === "number" && Math.abs(issued) < 1e11 ? new Date(issued * 1000) : null;
  return { ok: true, secretVersion: version, signedAt, signed, payload };
}

/** A token that a key of the receiver made. */
export interface ProvedToken {
  readonly ok: true;
  readonly claims: JsonObject;
  readonly payload: Buffer;
  readonly version: string | null;
  /** The public key that verified it; null for a shared secret. */
  readonly key: NamedKey | null;
}

/** The keys and algorithms that a token is proved with. */
export type TokenRule = Pick<JwtRule, "algorithms" | "secret" | "readsPublicKeys" | "need">;

/** Proves the signature of a compact token; its claims are not looked at. */
export function proveToken(
  arrival: Arrival,
  rule: TokenRule,
  text: string,
  where: string,
): ProvedToken | Refused | KeyNeeded {
  const jws = parseJws(text);
  if (typeof jws === "string") return refuseSpelling(where, text, jws);
  const claims = parseObject(jws.payload);
  if (claims === null) return refuseSpelling(where, text, "its second segment is no JSON object");
  const algorithm = rule.algorithms(arrival.receiver).find((one) => one === jws.header["alg"]);
  if (algorithm === undefined) return refuseAlgorithm(arrival, rule, jws, where);
  const found = isSymmetric(algorithm)
    ? matchSecret(arrival, rule, jws, algorithm)
    : matchPublicKey(arrival, rule, jws, algorithm);
  if ("reason" in found) return found;
  return { ok: true, claims, payload: jws.payload, ...found };
}

function signedBytes({ headerText, payloadText }: Jws): Buffer {
  return Buffer.from(`${headerText}.${payloadText}`, "latin1");
}

type Matched = { readonly version: string; readonly key: NamedKey | null };

function matchSecret(arrival: Arrival, { secret }: TokenRule, jws: Jws, algorithm: JwsAlgorithm): Matched | Refused {
  if (secret === null) return refuseIncomplete(arrival, "secrets", "signs with a shared secret");
  const ring = readKeys(arrival.receiver, secret, arrival.now);
  if (ring.live.length + ring.expired.length === 0) return explainNoKey(arrival, ring);
  const makes = ({ bytes }: Key) =>
    verifyJws(algorithm, createSecretKey(Buffer.from(bytes)), signedBytes(jws), jws.signature);
  const fits = ring.live.filter(makes)[0];
  if (fits !== undefined) return { version: fits.version, key: null };
  const expired = ring.expired.find(makes);
  if (expired === undefined) return refuseToken(arrival, ring.live.length, "secret");
  return refuse("secret_expired", {
    step: "signature",
    summary: `The token is signed with secret version ${expired.version}, whose notAfter has passed. Move the sender to the current secret, or lengthen the overlap.`,
    evidence: { secretVersion: expired.version },
    likelyCause: "secret_expired",
  });
}

function matchPublicKey(
  arrival: Arrival,
  rule: TokenRule,
  jws: Jws,
  algorithm: JwsAlgorithm,
): Matched | Refused | KeyNeeded {
  const { receiver } = arrival;
  const kid = textOf(jws.header, "kid");
  const given = keysFor(usableKeys(receiver), kid).filter(({ key }) => fitsAlgorithm(key, algorithm));
  const match = given.find(({ key }) => verifyJws(algorithm, key, signedBytes(jws), jws.signature));
  if (match !== undefined) return { version: match.version, key: match };
  if (given.length > 0 && (kid === null || given.some((key) => key.kid === kid)))
    return refuseToken(arrival, given.length, "public key");
  const need = kid === null || !isKid(kid) ? null : (rule.need?.(kid, receiver) ?? null);
  if (need !== null) return { ok: false, reason: "key_needed", need };
  if (given.length > 0) return refuseToken(arrival, given.length, "public key");
  return refuseIncomplete(
    arrival,
    "publicKeys",
    `signs with a key that the receiver has not got (kid ${excerpt(kid ?? "none", 64)})`,
  );
}

/** A key's name goes into requests and logs. */
export function isKid(kid: string): boolean {
  return /^[!-~]{1,256}$/.test(kid);
}

function refuseToken({ entry }: Arrival, tried: number, kind: string): Refused {
  return refuse("signature_mismatch", {
    step: "signature",
    summary: `The token is well formed, but none of the ${tried} live ${kind}s makes its signature. Compare the ${kind} with the one at ${entry.provider.name}.`,
    evidence: { keysTried: tried },
    likelyCause: "body_or_secret_differs",
  });
}

function refuseAlgorithm({ receiver }: Arrival, rule: TokenRule, { header }: Jws, where: string): Refused {
  const expected = rule.algorithms(receiver);
  return refuse("malformed_header", {
    step: "headers",
    summary: `The token in ${where} says algorithm ${excerpt(String(header["alg"]), 16)}, and only ${expected.join(" or ") || "none that this receiver has a key for"} counts here. The algorithm is the receiver's to choose, never the token's.`,
    evidence: { header: where, algorithm: excerpt(String(header["alg"]), 16), expected: expected.join(" ") },
  });
}

function checkBodyHash({ request }: Arrival, claims: JsonObject, rule: BodyHashRule): Refused | null {
  const claimed = textOf(claims, rule.claim);
  const actual = createHash("sha256").update(request.body).digest();
  if (claimed === null) {
    if (!rule.always && request.body.length === 0) return null;
    return refuse("body_hash_missing", {
      step: "body",
      summary: `The token is genuine, but it has no ${rule.claim}, so that it says nothing of the body.`,
      evidence: { claim: rule.claim, bodyBytes: request.body.length },
    });
  }
  const text = rule.encoding === "base64url" ? claimed.replace(/=$/, "") : claimed;
  const given = Buffer.from(text, rule.encoding);
  if (given.length === 32 && given.toString(rule.encoding) === text && timingSafeEqual(given, actual)) return null;
  return refuse("body_hash_mismatch", {
    step: "body",
    summary: `The token is genuine, but its ${rule.claim} is not the SHA-256 of the ${request.body.length} bytes that came: the body was changed on the way. Verify the raw body.`,
    evidence: { claim: rule.claim, bodyBytes: request.body.length, bodySha256: actual.toString("hex") },
    likelyCause: request.body.length === 0 ? "body_empty" : "body_not_raw",
  });
}

/** The SHA-256 of a body as a claim. */
export function hashBody(body: Uint8Array, encoding: "hex" | "base64" | "base64url"): string {
  return createHash("sha256").update(body).digest(encoding);
}
