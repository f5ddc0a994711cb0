import { createHash } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { Claim } from "../engines/claim.ts";
import type { KeyRing } from "../key.ts";
import { refuse } from "../refuse.ts";
import type { Evidence } from "../refuse.ts";
import { headerValues } from "../request.ts";
import type { SecretRule } from "../scheme.ts";
import type { LikelyCause, Refused } from "../verdict.ts";
import { findBodyMark } from "./body-marks.ts";
import { bodyVariants } from "./body-variants.ts";
import { nameVersions } from "./names.ts";
import { secretVariants } from "./secret-variants.ts";
import { urlVariants } from "./url-variants.ts";

/** Trials that one diagnosis may make, and bytes that they may hash together: a forger pays for none of them. */
const trialsMax = 40;
const trialBytesMax = 1024 * 1024;

/** A request whose signature no live key makes, and the means to try what would have made it. */
export interface Mismatch {
  readonly arrival: Arrival;
  readonly claim: Claim;
  readonly ring: KeyRing;
  readonly secret: SecretRule;
  readonly url: string;
  /** True when this key makes one of the claimed signatures over this body at this URL. */
  readonly makes: (bytes: string | Uint8Array, body: Uint8Array, url: string) => boolean;
  /** The first eight hexadecimal digits of what the first live key makes. */
  readonly expected: string | null;
}

/** The refusal of a mismatch, with the cause when trying finds one. */
export function explainMismatch(mismatch: Mismatch): Refused {
  const { arrival, ring, makes, url } = mismatch;
  const { body } = arrival.request;
  const expired = ring.expired.find((key) => makes(key.bytes, body, url));
  if (expired !== undefined) return refuseExpired(mismatch, expired.version);
  if (ring.live.length === 0) return refuseAllExpired(mismatch);
  const {
    step = "signature",
    summary,
    likelyCause,
    evidence,
  } = (arrival.brief ? null : findCause(mismatch)) ?? unknownCause(mismatch);
  return refuse("signature_mismatch", {
    step,
    summary,
    evidence: { ...evidenceOf(mismatch), ...evidence },
    likelyCause,
  });
}

interface Cause {
  readonly step?: "receiver" | "body";
  readonly summary: string;
  readonly likelyCause: LikelyCause;
  readonly evidence?: Evidence;
}

function findCause(mismatch: Mismatch): Cause | null {
  const { arrival, ring, secret, makes, url } = mismatch;
  const { body } = arrival.request;
  let trialsLeft = Math.min(trialsMax, Math.floor(trialBytesMax / Math.max(body.length, 1)));
  const affords = () => (trialsLeft -= 1) >= 0;
  for (const key of ring.live) {
    for (const { bytes, cause, what } of secretVariants(key.text, secret)) {
      if (!affords()) return null;
      if (makes(bytes, body, url)) return secretCause(key.version, cause, what);
    }
  }
  for (const { body: other, cause, what } of bodyVariants(
    body,
    headerValues(arrival.request.headers, "content-encoding")[0],
  )) {
    for (const key of ring.live) {
      if (!affords()) return null;
      if (makes(key.bytes, other, url)) return bodyCause(key.version, cause, what);
    }
  }
  for (const other of url === "" ? [] : urlVariants(url, arrival.request.url)) {
    for (const key of ring.live) {
      if (!affords()) return null;
      if (makes(key.bytes, body, other.url)) return urlCause(key.version, other.what);
    }
  }
  return null;
}

function secretCause(version: string, likelyCause: LikelyCause, what: string): Cause {
  const summary = `Secret version ${version} would fit ${what}. Copy the secret again, exactly as the provider shows it.`;
  return { step: "receiver", summary, likelyCause };
}

function bodyCause(version: string, likelyCause: LikelyCause, what: string): Cause {
  const summary = `Secret version ${version} fits the body ${what}: the sender signed that, and something on the way wrote the body anew. Verify the raw bytes as they came, before any parser or proxy changes them.`;
  return { step: "body", summary, likelyCause };
}

function urlCause(version: string, what: string): Cause {
  const summary = `Secret version ${version} fits the URL ${what}. Set notificationUrl to the URL exactly as it is registered at the provider.`;
  return { step: "receiver", summary, likelyCause: "url_differs" };
}

function unknownCause({ arrival, ring, claim }: Mismatch): Cause {
  const { body } = arrival.request;
  const shape = claim.timestamp === "" ? "The signature is well formed" : "The signature and its time are well formed";
  const tried = `none of the ${ring.live.length} live secret versions (${nameVersions(ring.live)}) makes it over the ${body.length} bytes that came`;
  const mark = arrival.brief ? null : findBodyMark(arrival);
  if (mark !== null) {
    const { step, cause, what, evidence } = mark;
    return { step, summary: `${shape}, but ${tried}. ${what}`, likelyCause: cause, evidence };
  }
  const unsought = arrival.brief ? " Nothing more was tried: too many refused requests came at once." : "";
  return {
    summary: `${shape}, but ${tried}. Either the body was changed on the way, or the sender signs with another secret: compare the secret with the one at ${arrival.entry.provider.name}, and verify the raw bytes.${unsought}`,
    likelyCause: "body_or_secret_differs",
  };
}

function refuseExpired(mismatch: Mismatch, version: string): Refused {
  return refuse("secret_expired", {
    step: "signature",
    summary: `The request is signed with secret version ${version}, whose notAfter has passed. Move the sender to the current secret, or lengthen the overlap.`,
    evidence: { ...evidenceOf(mismatch), secretVersion: version },
    likelyCause: "secret_expired",
  });
}

function refuseAllExpired(mismatch: Mismatch): Refused {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `The notAfter of every secret (${nameVersions(mismatch.ring.expired)}) has passed, and none of them makes this signature. Add the current secret.`,
    evidence: evidenceOf(mismatch),
    likelyCause: "configuration",
  });
}

function evidenceOf({ arrival, claim, ring, expected }: Mismatch): Evidence {
  const { body } = arrival.request;
  const evidence: Evidence = {
    header: arrival.names.signature,
    signatures: claim.signatures.length,
    signatureStart: claim.signatures[0]?.toString("hex", 0, 4) ?? "",
    secretsTried: ring.live.length,
    secretVersions: nameVersions(ring.live),
    bodyBytes: body.length,
  };
  if (body.length <= trialBytesMax) evidence["bodySha256"] = createHash("sha256").update(body).digest("hex");
  if (expected !== null) evidence["expectedStart"] = expected;
  if (claim.signedAtMs > 0) evidence["signedAt"] = new Date(claim.signedAtMs).toISOString();
  return evidence;
}
