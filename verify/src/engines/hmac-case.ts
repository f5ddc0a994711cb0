import type { Arrival } from "../arrival.ts";
import { explainMismatch } from "../diagnose/mismatch.ts";
import { explainNoKey } from "../diagnose/no-key.ts";
import { readKeys } from "../key.ts";
import type { Key, KeyRing } from "../key.ts";
import type { Chunk } from "../provider.ts";
import type { SecretRule } from "../scheme.ts";
import type { Refused } from "../verdict.ts";
import type { Claim } from "./claim.ts";
import { hmac, isAmong, matchKey } from "./hmac-match.ts";
import type { Match } from "./hmac-match.ts";
import type { HashName } from "./hmac-pads.ts";

/** What an HMAC engine asks: which key of this arrival makes the claimed signature over what the scheme signs? */
export interface HmacCase {
  readonly arrival: Arrival;
  readonly hash: HashName;
  readonly secret: SecretRule;
  readonly claim: Claim;
  /** The contents that may have been signed, for this body at this URL. Usually one; several where the scheme leaves room. */
  readonly contentsOf: (body: Uint8Array, url: string) => readonly (readonly Chunk[])[];
  /** The URL as far as the scheme signs it, else empty. */
  readonly url: string;
}

/** The key that fits, or the refusal that says which other thing would have. */
export function decideHmac(given: HmacCase): ({ ok: true } & Match) | Refused {
  const { arrival, hash, claim, contentsOf, url } = given;
  const ring = readKeys(arrival.receiver, given.secret, arrival.now);
  const contents = contentsOf(arrival.request.body, url);
  const match = matchKey(hash, ring.live, contents, claim.signatures);
  if (match !== null) return { ok: true, key: match.key, content: match.content };
  return explain(given, ring);
}

function explain(given: HmacCase, ring: KeyRing): Refused {
  const { arrival, hash, claim, contentsOf, url } = given;
  if (ring.live.length + ring.expired.length === 0) return explainNoKey(arrival, ring);
  const makes = (bytes: string | Uint8Array, body: Uint8Array, at: string) =>
    contentsOf(body, at).some((content) => isAmong(hmac(hash, bytes, content), claim.signatures));
  const expected = expectedStart(given, ring.live[0]);
  return explainMismatch({ arrival, claim, ring, secret: given.secret, url, makes, expected });
}

/** Eight digits of the signature that the first live key makes: enough to compare by eye, not enough to forge with. */
function expectedStart({ arrival, hash, contentsOf, url }: HmacCase, key: Key | undefined): string | null {
  const content = contentsOf(arrival.request.body, url)[0];
  return key === undefined || content === undefined ? null : hmac(hash, key.bytes, content).toString("hex", 0, 4);
}
