import type { Arrival } from "../arrival.ts";
import type { Claim } from "../engines/claim.ts";
import { refuse } from "../refuse.ts";
import { headerValues } from "../request.ts";
import type { Refused } from "../verdict.ts";
import { findBodyMark } from "./body-marks.ts";
import { bodyVariants } from "./body-variants.ts";

/** Trials that one diagnosis may make: public-key signatures cost fifty times what an HMAC does. */
const trialsMax = 4;

/** A request whose signature no public key of the receiver verifies. */
export interface PublicKeyMismatch {
  readonly arrival: Arrival;
  readonly claim: Claim;
  readonly keyCount: number;
  /** The key that verifies the claimed signature over another body, or null. */
  readonly makes: (body: Uint8Array) => string | null;
}

/** The refusal of a public-key mismatch. Providers of this kind probe with bad signatures on purpose, so it stays cheap. */
export function explainPublicKeyMismatch({ arrival, claim, keyCount, makes }: PublicKeyMismatch): Refused {
  const { body } = arrival.request;
  const evidence = { header: arrival.names.signature, keysTried: keyCount, bodyBytes: body.length };
  let trials = 0;
  for (const { body: other, cause, what } of bodyVariants(
    body,
    headerValues(arrival.request.headers, "content-encoding")[0],
  )) {
    trials += 1;
    if (arrival.brief || trials > trialsMax) break;
    if (makes(other) === null) continue;
    const summary = `The public key fits the body ${what}: something on the way wrote the body anew. Verify the raw bytes as they came.`;
    return refuse("signature_mismatch", { step: "body", summary, evidence, likelyCause: cause });
  }
  const mark = arrival.brief ? null : findBodyMark(arrival);
  if (mark !== null) {
    const summary = `The signature is well formed, but none of the ${keyCount} public keys verifies it over the ${body.length} bytes that came. ${mark.what}`;
    const more = { ...evidence, ...mark.evidence };
    return refuse("signature_mismatch", { step: mark.step, summary, evidence: more, likelyCause: mark.cause });
  }
  return refuse("signature_mismatch", {
    step: "signature",
    summary: `The signature and its time (${claim.timestamp}) are well formed, but none of the ${keyCount} public keys verifies it over the ${body.length} bytes that came. Either it is one of ${arrival.entry.provider.name}'s probes, or the body was changed on the way, or the public key belongs to another application.`,
    evidence,
    likelyCause: "body_or_secret_differs",
  });
}
