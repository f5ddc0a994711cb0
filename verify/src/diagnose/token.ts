import type { Arrival } from "../arrival.ts";
import type { Key, KeyRing } from "../key.ts";
import { refuse } from "../refuse.ts";
import type { Refused } from "../verdict.ts";
import { nameVersions } from "./names.ts";

/** The refusal when a shared token is none of the live secrets. Says nothing of the token itself. */
export function explainToken(arrival: Arrival, ring: KeyRing, expired: Key | null): Refused {
  const header = arrival.names.signature;
  if (expired !== null) {
    return refuse("secret_expired", {
      step: "signature",
      summary: `The token is secret version ${expired.version}, whose notAfter has passed. Set the current secret at ${arrival.entry.provider.name}, or lengthen the overlap.`,
      evidence: { header, secretVersion: expired.version },
      likelyCause: "secret_expired",
    });
  }
  const trimmed = ring.live.find((key) => key.text !== key.text.trim() && key.text.trim() === arrival.values.signature);
  return refuse("token_mismatch", {
    step: "signature",
    summary:
      trimmed === undefined
        ? `The token in ${header} is none of the ${ring.live.length} live secret versions (${nameVersions(ring.live)}). Compare it with the one that is set at ${arrival.entry.provider.name}.`
        : `The secret version ${trimmed.version} has white space around it; without it, it is the token that came. Remove the white space.`,
    evidence: { header, tokenLength: arrival.values.signature.length, secretsTried: ring.live.length },
    likelyCause: trimmed === undefined ? "body_or_secret_differs" : "secret_has_white_space",
  });
}
