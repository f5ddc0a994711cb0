import type { Outcome, OutcomeClass } from "./outcome.ts";
import { classify } from "./outcome.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import { waitMs } from "./retry-policy.ts";

export const UNFINISHED_STATES = ["ready", "scheduled", "held", "leased"] as const;
export const FINISHED_STATES = ["processed", "dead"] as const;
export type UnfinishedState = (typeof UNFINISHED_STATES)[number];
export type FinishedState = (typeof FINISHED_STATES)[number];
export type DeliveryState = UnfinishedState | FinishedState;

/** `copy`: a replay to another destination than the event's own, which changes nothing for those. */
export const TRIGGERS = ["live", "retry", "replay", "reconcile", "copy"] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Every legal move of a delivery; docs/states.md and the tests hold the same table. `null` is "not recorded yet". */
export const LEGAL_MOVES: readonly {
  readonly from: DeliveryState | null;
  readonly to: DeliveryState;
  readonly by: string;
}[] = [
  { from: null, to: "ready", by: "record" },
  { from: null, to: "held", by: "record" },
  { from: null, to: "ready", by: "retry" },
  { from: null, to: "held", by: "retry" },
  { from: null, to: "ready", by: "replay" },
  { from: null, to: "held", by: "replay" },
  { from: "ready", to: "leased", by: "claim" },
  { from: "ready", to: "held", by: "hold" },
  { from: "scheduled", to: "ready", by: "stage" },
  { from: "scheduled", to: "ready", by: "retry" },
  { from: "scheduled", to: "ready", by: "replay" },
  { from: "scheduled", to: "held", by: "stage" },
  { from: "scheduled", to: "held", by: "retry" },
  { from: "scheduled", to: "held", by: "hold" },
  { from: "held", to: "ready", by: "feed" },
  { from: "held", to: "held", by: "feed" },
  { from: "held", to: "held", by: "release" },
  { from: "held", to: "scheduled", by: "release" },
  { from: "held", to: "ready", by: "retry" },
  { from: "leased", to: "processed", by: "settle" },
  { from: "leased", to: "scheduled", by: "settle" },
  { from: "leased", to: "held", by: "settle" },
  { from: "leased", to: "dead", by: "settle" },
  { from: "leased", to: "ready", by: "return" },
  { from: "leased", to: "ready", by: "rescue" },
  { from: "leased", to: "scheduled", by: "rescue" },
  { from: "leased", to: "dead", by: "rescue" },
];

/** Why a delivery ended as a dead letter. */
export type DeadReason = (typeof DEAD_REASONS)[number];
export const DEAD_REASONS = ["attempts_exhausted", "refused", "gone", "referent_missing"] as const;

/** What becomes of a leased delivery. `held` gives the attempt back: waiting costs none. */
export type Decision =
  | { readonly to: "processed" }
  | { readonly to: "scheduled"; readonly waitMs: number }
  | { readonly to: "held"; readonly reason: string }
  | { readonly to: "dead"; readonly reason: DeadReason; readonly disableDestination: boolean };

/** What {@link decide} needs to know of a delivery. */
export interface DeliveryProgress {
  /** Attempts so far, this one included: it was counted when the delivery was claimed. */
  readonly attempt: number;
  /** Refused answers so far, this one not included. */
  readonly refusals: number;
}

/**
 * Decides what follows an attempt. Pure: the same input gives the same decision.
 *
 * @param random in [0, 1), spreads the waits
 */
export function decide(progress: DeliveryProgress, outcome: Outcome, policy: RetryPolicy, random: number): Decision {
  const outcomeClass = classify(outcome);
  switch (outcomeClass) {
    case "succeeded":
      return { to: "processed" };
    case "gone":
      return { to: "dead", reason: "gone", disableDestination: true };
    case "refused":
      if (progress.refusals + 1 >= policy.refusalsMax)
        return { to: "dead", reason: "refused", disableDestination: false };
      return again(progress, outcome, outcomeClass, policy, random);
    case "throttled":
    case "transient":
      return again(progress, outcome, outcomeClass, policy, random);
  }
}

/**
 * Decides what becomes of a delivery whose worker died: at once ready again the first time. What is ready again stands where it
 * stood, beside all that was claimed with it: one that kills its worker would take the same ones along each time, until all of them
 * are dead. So the next times it waits like any other that failed, and they come due apart.
 *
 * @param expired how its attempt ended
 * @param random in [0, 1), spreads the waits
 */
export function decideRescue(
  progress: DeliveryProgress,
  expired: Outcome,
  policy: RetryPolicy,
  random: number,
): Decision | { readonly to: "ready" } {
  const decision = decide(progress, expired, policy, random);
  return decision.to === "scheduled" && progress.attempt === 1 ? { to: "ready" } : decision;
}

function again(
  progress: DeliveryProgress,
  outcome: Outcome,
  outcomeClass: OutcomeClass,
  policy: RetryPolicy,
  random: number,
): Decision {
  if (progress.attempt > policy.scheduleMs.length) {
    return { to: "dead", reason: "attempts_exhausted", disableDestination: false };
  }
  const retryAfterMs = outcome.kind === "answered" ? outcome.retryAfterMs : null;
  return {
    to: "scheduled",
    waitMs: waitMs(policy, progress.attempt, { throttled: outcomeClass === "throttled", retryAfterMs }, random),
  };
}
