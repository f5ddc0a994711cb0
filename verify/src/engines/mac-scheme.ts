import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme, SignedRequest } from "../coded-scheme.ts";
import { explainMismatch } from "../diagnose/mismatch.ts";
import { explainNoKey } from "../diagnose/no-key.ts";
import { readKeys } from "../key.ts";
import type { Key } from "../key.ts";
import type { Chunk } from "../provider.ts";
import type { Receiver } from "../receiver.ts";
import type { SecretRule } from "../scheme.ts";
import type { TimestampUnit } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import { checkTime } from "./check-time.ts";
import type { Claim } from "./claim.ts";
import type { Finding } from "./proof.ts";
import { secretOf } from "./signing-key.ts";

/** One signature and what may have been signed for it. */
export interface MacClaim {
  readonly signatures: readonly Buffer[];
  /** The contents that may have been signed, for this body at this URL. */
  readonly contentsOf: (body: Uint8Array, url: string) => readonly (readonly Chunk[])[];
}

/** What a request claims by its scheme, well spelled, not yet believed. */
export interface MacReading extends MacClaim {
  readonly ok: true;
  /** The URL as far as it is signed, else empty. */
  readonly url: string;
  readonly time: { readonly text: string; readonly signedAtMs: number; readonly unit: TimestampUnit } | null;
  /** Further items of one request, each signed by itself; all must be genuine. */
  readonly more?: readonly MacClaim[];
}

/** What makes a signature with a key, over chunks. */
export type Mac = (key: string | Uint8Array, content: readonly Chunk[], receiver: Receiver) => Buffer;

/** A provider's shared-secret scheme as code. */
export interface MacRule {
  readonly engine: "url-form" | "body-fields" | "canonical-request" | "digest";
  readonly secret: SecretRule;
  readonly toleranceSec: number | null;
  readonly signsUrl: boolean;
  readonly receiverFields?: readonly string[];
  readonly mac: Mac;
  readonly read: (arrival: Arrival) => MacReading | Refused;
  /** The request as the provider would send it; `make` signs with the first live secret. */
  readonly write: (input: VerifyInput, make: (content: readonly Chunk[]) => Buffer) => SignedRequest;
}

/** HMAC (RFC 2104) over chunks. */
export function hmacWith(hash: "sha256" | "sha1"): Mac {
  return (key, content) => {
    const running = createHmac(hash, key);
    for (const chunk of content) running.update(chunk);
    return running.digest();
  };
}

/** A plain hash over chunks. */
export function digestOf(hash: "sha256" | "sha1", content: readonly Chunk[]): Buffer {
  const running = createHash(hash);
  for (const chunk of content) running.update(chunk);
  return running.digest();
}

/** The scheme behind a rule. */
export function macScheme(rule: MacRule): CodedScheme {
  const { engine, secret, toleranceSec, signsUrl, receiverFields = ["secrets"] } = rule;
  return {
    engine,
    secret,
    toleranceSec,
    signsUrl,
    receiverFields,
    readsPublicKeys: false,
    prove: (arrival) => proveMac(arrival, rule),
    sign: (input) => {
      const key = secretOf(input, secret);
      return rule.write(input, (content) => rule.mac(key, content, input.receiver));
    },
  };
}

function proveMac(arrival: Arrival, rule: MacRule): Finding {
  const reading = rule.read(arrival);
  if (!reading.ok) return reading;
  const ring = readKeys(arrival.receiver, rule.secret, arrival.now);
  if (ring.live.length + ring.expired.length === 0) return explainNoKey(arrival, ring);
  const signed: Chunk[] = [];
  let version: string | null = null;
  for (const claim of [reading, ...(reading.more ?? [])]) {
    const match = matchMac(arrival, rule, reading.url, claim, ring.live);
    if (match === null) return explain(arrival, rule, reading, claim);
    version ??= match.key.version;
    signed.push(...match.content);
  }
  const { time } = reading;
  if (time === null) return { ok: true, secretVersion: version, signedAt: null, signed };
  const rules = { at: "header", unit: time.unit, toleranceSec: rule.toleranceSec } as const;
  const late = checkTime(arrival, rules, time.signedAtMs);
  return late ?? { ok: true, secretVersion: version, signedAt: new Date(time.signedAtMs), signed };
}

/** Every key and content is tried whatever the others gave, so that time tells nobody which of them fits. */
function matchMac(arrival: Arrival, rule: MacRule, url: string, claim: MacClaim, keys: readonly Key[]) {
  const contents = claim.contentsOf(arrival.request.body, url);
  let matched: { key: Key; content: readonly Chunk[] } | null = null;
  for (const key of keys) {
    for (const content of contents) {
      const fits = isOneOf(rule.mac(key.bytes, content, arrival.receiver), claim.signatures);
      if (fits && matched === null) matched = { key, content };
    }
  }
  return matched;
}

function isOneOf(digest: Buffer, signatures: readonly Buffer[]): boolean {
  let equal = false;
  for (const signature of signatures) {
    equal = (signature.length === digest.length && timingSafeEqual(digest, signature)) || equal;
  }
  return equal;
}

function explain(arrival: Arrival, rule: MacRule, reading: MacReading, failed: MacClaim): Refused {
  const { secret, mac } = rule;
  const ring = readKeys(arrival.receiver, secret, arrival.now);
  const { time, url } = reading;
  const claim: Claim = {
    ok: true,
    signatures: failed.signatures,
    timestamp: time?.text ?? "",
    signedAtMs: time?.signedAtMs ?? 0,
    id: "",
  };
  const makes = (bytes: string | Uint8Array, body: Uint8Array, at: string) =>
    failed.contentsOf(body, at).some((content) => isOneOf(mac(bytes, content, arrival.receiver), failed.signatures));
  const content = failed.contentsOf(arrival.request.body, url)[0];
  const key = ring.live[0];
  const expected =
    key === undefined || content === undefined ? null : mac(key.bytes, content, arrival.receiver).toString("hex", 0, 4);
  return explainMismatch({ arrival, claim, ring, secret, url, makes, expected });
}
