import type { Arrival } from "../arrival.ts";
import { refuse } from "../refuse.ts";
import type { TimestampRule } from "../scheme.ts";
import { ageSec, toleranceSecMax, toleranceSecMin } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

/** Null when the signed time is within the tolerance, both ways. Asked after the signature, so that the answer can be trusted. */
export function checkTime(arrival: Arrival, rule: TimestampRule, signedAtMs: number): Refused | null {
  const toleranceSec = arrival.receiver.toleranceSec ?? rule.toleranceSec;
  if (toleranceSec === null) return null;
  if (arrival.receiver.toleranceSec !== undefined && !isTolerance(toleranceSec, rule.toleranceSec))
    return refuseTolerance(rule.toleranceSec);
  const age = ageSec(signedAtMs, arrival.now, rule.unit);
  if (age > toleranceSec) return refuseOld(arrival, signedAtMs, age, toleranceSec);
  return -age > toleranceSec ? refuseNew(arrival, signedAtMs, -age, toleranceSec) : null;
}

/** The widest tolerance that a receiver may ask for: 15 minutes, or the provider's own where that is wider. */
export function widestTolerance(ownSec: number | null): number {
  return Math.max(toleranceSecMax, ownSec ?? 0);
}

/** True for a tolerance that a receiver of a provider with this default may ask for. */
export function isTolerance(toleranceSec: unknown, ownSec: number | null): boolean {
  if (typeof toleranceSec !== "number") return false;
  return toleranceSec >= toleranceSecMin && toleranceSec <= widestTolerance(ownSec);
}

function refuseTolerance(ownSec: number | null): Refused {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `The receiver's toleranceSec must be a number from ${toleranceSecMin} to ${widestTolerance(ownSec)}.`,
    evidence: { field: "toleranceSec" },
    likelyCause: "configuration",
  });
}

function evidenceOf(arrival: Arrival, signedAtMs: number, skewSec: number, toleranceSec: number) {
  const clock = { signedAt: new Date(signedAtMs).toISOString(), now: arrival.now.toISOString() };
  return { ...clock, skewSec: Math.round(skewSec * 1000) / 1000, toleranceSec };
}

function refuseOld(arrival: Arrival, signedAtMs: number, age: number, toleranceSec: number): Refused {
  return refuse("timestamp_too_old", {
    step: "time",
    summary: `The signature is genuine, but it was made ${Math.floor(age)} s ago and ${toleranceSec} s is the most. Either the request was held up or sent again by somebody, or this machine's clock is ahead: compare it with a time server.`,
    evidence: evidenceOf(arrival, signedAtMs, age, toleranceSec),
    likelyCause: age <= toleranceSecMax ? "clock_skew" : "late_or_replayed",
  });
}

function refuseNew(arrival: Arrival, signedAtMs: number, ahead: number, toleranceSec: number): Refused {
  return refuse("timestamp_too_new", {
    step: "time",
    summary: `The signature is genuine, but its time lies ${Math.floor(ahead)} s ahead of this machine's clock and ${toleranceSec} s is the most. This machine's clock is behind, or the sender's is ahead: compare it with a time server.`,
    evidence: evidenceOf(arrival, signedAtMs, -ahead, toleranceSec),
    likelyCause: "clock_skew",
  });
}
