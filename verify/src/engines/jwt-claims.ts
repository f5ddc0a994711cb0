import type { Arrival } from "../arrival.ts";
import { excerpt } from "../encoding.ts";
import { refuse } from "../refuse.ts";
import type { Receiver } from "../receiver.ts";
import type { Refused } from "../verdict.ts";
import type { JsonObject } from "./jws.ts";
import { refuseIncomplete } from "./read-parts.ts";

/** What the registered claims (RFC 7519) of a token must say. */
export interface ClaimRules {
  /** Seconds by which clocks may differ at `exp`, `nbf` and `iat`. The receiver's toleranceSec replaces it. */
  readonly leewaySec: number | null;
  /** How old or new `iat` may be, in seconds, where it is all the time that the token has; the receiver's replaces it. */
  readonly issuedWithinSec?: number;
  /** True where a token without an end is refused. */
  readonly expires: boolean;
  readonly issuers?: (receiver: Receiver) => readonly string[];
  readonly audience?: (receiver: Receiver) => string | undefined;
}

/** Null when the claims of a genuine token are what this receiver expects, at this time. */
export function checkClaims(arrival: Arrival, claims: JsonObject, rules: ClaimRules): Refused | null {
  const { receiver } = arrival;
  const issuers = rules.issuers?.(receiver);
  if (issuers !== undefined && !issuers.some((issuer) => issuer === claims["iss"]))
    return issuers.length === 0
      ? refuseIncomplete(
          arrival,
          arrival.entry.provider.receiverFields.includes("keyId") ? "keyId" : "issuers",
          "names who made the token",
        )
      : refuseClaim(arrival, "iss", claims["iss"], issuers.join(" or "));
  if (rules.audience !== undefined) {
    const audience = rules.audience(receiver);
    if (audience === undefined || audience === "")
      return refuseIncomplete(arrival, "audience", "names in the token for whom it is");
    const given: unknown = claims["aud"];
    const isAmong = Array.isArray(given) ? given.includes(audience) : given === audience;
    if (!isAmong) return refuseClaim(arrival, "aud", given, audience);
  }
  return checkTimes(arrival, claims, rules);
}

function checkTimes({ receiver, now }: Arrival, claims: JsonObject, rules: ClaimRules): Refused | null {
  const nowSec = now.getTime() / 1000;
  const leeway = receiver.toleranceSec ?? rules.leewaySec ?? 0;
  for (const name of ["exp", "nbf", "iat"]) {
    const value = claims[name];
    const isNeeded = (name === "exp" && rules.expires) || (name === "iat" && rules.issuedWithinSec !== undefined);
    if (value === undefined && !isNeeded) continue;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || value > 1e11)
      return refuse("timestamp_malformed", {
        step: "time",
        summary: `The token's ${name} is absent or no number of seconds since 1970.`,
        evidence: { claim: name },
      });
    if (name === "exp" && nowSec >= value + leeway) return refuseOld(name, nowSec - value, leeway);
    if (name === "nbf" && nowSec < value - leeway) return refuseNew(name, value - nowSec, leeway);
  }
  const issued = claims["iat"];
  if (rules.issuedWithinSec === undefined || typeof issued !== "number") return null;
  const within = receiver.toleranceSec ?? rules.issuedWithinSec;
  if (Math.floor(nowSec) - issued > within) return refuseOld("iat", nowSec - issued, within);
  return issued - nowSec > within ? refuseNew("iat", issued - nowSec, within) : null;
}

function refuseOld(claim: string, seconds: number, toleranceSec: number): Refused {
  return refuse("timestamp_too_old", {
    step: "time",
    summary: `The token is genuine, but its ${claim} lies ${Math.floor(seconds)} s back and ${toleranceSec} s is the most. Either the request was held up or sent again by somebody, or this machine's clock is ahead.`,
    evidence: { claim, skewSec: Math.round(seconds), toleranceSec },
    likelyCause: seconds <= 900 ? "clock_skew" : "late_or_replayed",
  });
}

function refuseNew(claim: string, seconds: number, toleranceSec: number): Refused {
  return refuse("timestamp_too_new", {
    step: "time",
    summary: `The token is genuine, but its ${claim} lies ${Math.floor(seconds)} s ahead of this machine's clock and ${toleranceSec} s is the most. This machine's clock is behind, or the sender's is ahead.`,
    evidence: { claim, skewSec: -Math.round(seconds), toleranceSec },
    likelyCause: "clock_skew",
  });
}

/** The refusal of a genuine token or document that is meant for somebody else. */
export function refuseClaim({ entry }: Arrival, claim: string, given: unknown, expected: string): Refused {
  const text = typeof given === "string" ? given : String(JSON.stringify(given));
  return refuse("claim_mismatch", {
    step: "signature",
    summary: `What ${entry.provider.name} signed is genuine, but its ${claim} is not what this receiver expects: it was made for another receiver, or the configuration is wrong.`,
    evidence: { claim, given: excerpt(text, 128), expected: excerpt(expected, 128) },
    likelyCause: "configuration",
  });
}
