import type { Arrival } from "../arrival.ts";
import { refuse } from "../refuse.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import { urlVariants } from "../diagnose/url-variants.ts";
import { publicUrl } from "./public-url.ts";
import { readUrl } from "./read-parts.ts";

/** Null when a claim names the URL at which the request arrived, as it is or hashed. */
export function checkUrl(
  arrival: Arrival,
  claim: string,
  given: string | null,
  hash: (url: string) => string,
): Refused | null {
  const url = readUrl(arrival);
  if (typeof url !== "string") return url;
  if (given !== null && given === hash(url)) return null;
  const other = [...urlVariants(url, arrival.request.url)].find((variant) => hash(variant.url) === given);
  return refuse("claim_mismatch", {
    step: "request",
    summary:
      other === undefined
        ? `The token is genuine, but its ${claim} names another URL than the one at which it arrived. Set notificationUrl to the URL exactly as the sender knows it.`
        : `The token is genuine, but its ${claim} names the URL ${other.what}. Set notificationUrl to the URL exactly as the sender knows it.`,
    evidence: { claim, url: url.slice(0, 256) },
    likelyCause: "url_differs",
  });
}

/** The URL to sign. Throws where there is none: a mistake of the calling code. */
export function signedUrl({ receiver, request, provider }: VerifyInput): string {
  const url = publicUrl({ receiver, request });
  if (url === null)
    throw new Error(`To sign as ${provider}, the request needs an absolute url, or the receiver notificationUrl.`);
  return url;
}
