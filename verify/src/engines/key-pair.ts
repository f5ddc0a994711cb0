import { constants, sign as signBytes, verify as verifyBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { fillTemplate } from "../content-template.ts";
import type { Template } from "../content-template.ts";
import { explainPublicKeyMismatch } from "../diagnose/public-key-mismatch.ts";
import { writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import { checkTime } from "./check-time.ts";
import { keysFor, usableKeys } from "./key-set.ts";
import type { Finding } from "./proof.ts";
import { joinChunks } from "./public-key.ts";
import { readHeader, readMoment, refuseIncomplete, refuseSpelling } from "./read-parts.ts";
import { privateKeyOf } from "./signing-key.ts";

/** A public-key signature in a header over a template of body and time. */
export interface KeyPairRule {
  readonly algorithm: "ecdsa-p256-sha256-der" | "rsa-sha256" | "ed25519";
  /** Spelled as the provider does. Always base64. */
  readonly signatureHeader: string;
  readonly timestampHeader: string | null;
  readonly toleranceSec: number | null;
  readonly content: Template;
}

/** The scheme behind a rule. */
export function keyPairScheme(rule: KeyPairRule): CodedScheme {
  return {
    engine: "key-pair",
    secret: null,
    readsPublicKeys: true,
    receiverFields: ["publicKeys"],
    toleranceSec: rule.toleranceSec,
    signsUrl: false,
    prove: (arrival) => proveKeyPair(arrival, rule),
    sign: (input) => signKeyPair(input, rule),
  };
}

function proveKeyPair(arrival: Arrival, rule: KeyPairRule): Finding {
  const header = rule.signatureHeader;
  const text = readHeader(arrival, header);
  if (typeof text !== "string") return text;
  const signature = decodeBase64(text);
  if (signature === null) return refuseSpelling(header, text, "it is not standard base64");
  const time = readTime(arrival, rule);
  if ("ok" in time) return time;
  const keys = keysFor(usableKeys(arrival.receiver), null).filter(({ key }) => isOfKind(key, rule));
  if (keys.length === 0) return refuseIncomplete(arrival, "publicKeys", `signs with ${rule.algorithm}`);
  const chunksOf = (body: Uint8Array) =>
    fillTemplate(rule.content, { body, timestamp: time.text, id: "", notificationUrl: "" });
  const makes = (body: Uint8Array) => {
    const content = joinChunks(chunksOf(body));
    return keys.find(({ key }) => verifyWith(rule, key, content, signature))?.version ?? null;
  };
  const { body } = arrival.request;
  const version = makes(body);
  if (version === null) {
    const claim = { ok: true, signatures: [signature], timestamp: time.text, signedAtMs: time.ms, id: "" } as const;
    return explainPublicKeyMismatch({ arrival, claim, keyCount: keys.length, makes });
  }
  const signed = chunksOf(body);
  if (rule.timestampHeader === null) return { ok: true, secretVersion: version, signedAt: null, signed };
  const late = checkTime(arrival, { at: "header", unit: "s", toleranceSec: rule.toleranceSec }, time.ms);
  return late ?? { ok: true, secretVersion: version, signedAt: new Date(time.ms), signed };
}

function readTime(arrival: Arrival, { timestampHeader }: KeyPairRule): { text: string; ms: number } | Refused {
  if (timestampHeader === null) return { text: "", ms: 0 };
  const text = readHeader(arrival, timestampHeader);
  if (typeof text !== "string") return text;
  const ms = readMoment(timestampHeader, text, "s");
  return typeof ms === "number" ? { text, ms } : ms;
}

/** The bytes behind canonical base64 of any length up to an RSA signature of 8,192 bits, or null. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.length <= 1024 && bytes.toString("base64") === text ? bytes : null;
}

function isOfKind(key: KeyObject, { algorithm }: KeyPairRule): boolean {
  if (algorithm === "ed25519") return key.asymmetricKeyType === "ed25519";
  if (algorithm === "rsa-sha256") return key.asymmetricKeyType === "rsa";
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
}

function verifyWith({ algorithm }: KeyPairRule, key: KeyObject, content: Buffer, signature: Buffer): boolean {
  if (algorithm === "ed25519") return verifyBytes(null, content, key, signature);
  if (algorithm === "rsa-sha256") return verifyRsa("sha256", key, content, signature);
  return isDer(signature) && verifyBytes("sha256", content, { key, dsaEncoding: "der" }, signature);
}

/** RSASSA-PKCS1-v1_5 (RFC 8017). */
export function verifyRsa(
  hash: "sha1" | "sha256",
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (
    key.asymmetricKeyType === "rsa" &&
    verifyBytes(hash, content, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  );
}

/** A sequence whose length is that of the whole: nothing may stand behind it. */
function isDer(signature: Buffer): boolean {
  return signature[0] === 0x30 && signature[1] === signature.length - 2 && signature.length <= 72;
}

function signKeyPair(input: VerifyInput, rule: KeyPairRule) {
  const { body, url } = input.request;
  const timestamp = rule.timestampHeader === null ? "" : writeTimestamp(input.now, "s");
  const content = joinChunks(fillTemplate(rule.content, { body, timestamp, id: "", notificationUrl: "" }));
  const signature = signBytes(rule.algorithm === "ed25519" ? null : "sha256", content, privateKeyOf(input));
  const headers: [string, string][] = [[rule.signatureHeader, signature.toString("base64")]];
  if (rule.timestampHeader !== null) headers.unshift([rule.timestampHeader, timestamp]);
  return { url, body, headers };
}
