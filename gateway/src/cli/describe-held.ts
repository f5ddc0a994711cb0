import type { Destination } from "@holdfast/client";
import { NOT_DECLARED } from "../domain/destination-plan.ts";
import { formatTime } from "./table.ts";

/** Why deliveries wait, and what to do about it; both are sentences. */
export interface HeldWords {
  readonly why: string;
  readonly remedy: string;
}

type Held = Pick<Destination, "name" | "state" | "stateReason" | "gate" | "concurrency" | "ratePerSec">;

/**
 * Says in words why deliveries of one destination are held, and what to do.
 *
 * @param destination as it stands now; null when it could not be asked for
 */
export function describeHeld(reason: string, name: string, destination: Held | null): HeldWords {
  switch (reason) {
    case "destination_paused":
    case "destination_disabled":
      return describeState(
        name,
        destination?.state ?? reason.slice("destination_".length),
        destination?.stateReason ?? null,
      );
    case "destination_gated":
      return describeGate(destination);
    case "ordered":
      return {
        why: "each waits for its turn: an earlier delivery of the same order key is not finished.",
        remedy: `See what is tried again: npx holdfast deliveries list --destination ${name} --state scheduled`,
      };
    case "handler_missing":
      return {
        why: "no worker that runs has a handler of this name.",
        remedy: "Start a worker with the configuration file that holds the handler.",
      };
    case "signing_secret_unreadable":
      return {
        why: "no worker that runs can read its signing secret.",
        remedy: "Start the workers with the key that sealed it, or give the destination a new signing secret.",
      };
    default:
      return { why: `${reason}.`, remedy: "docs/states.md tells what that means." };
  }
}

/** What is wrong with a destination that is paused, disabled, failing or slow; null when nothing is. */
export function describeTrouble(destination: Held): HeldWords | null {
  const { name, state, stateReason, gate } = destination;
  if (state !== "active") return describeState(name, state, stateReason);
  return gate === null || gate.reason === "limit" ? null : describeGate(destination);
}

function describeState(name: string, state: string, stateReason: string | null): HeldWords {
  if (stateReason === NOT_DECLARED)
    return {
      why: `it is ${state} (the configuration file does not declare it any more); nothing is discarded.`,
      remedy: "Declare it again in the configuration file, and apply that: npx holdfast apply",
    };
  const because = stateReason === null ? "" : ` (${stateReason})`;
  const resume = `npx holdfast destinations resume ${name}`;
  return {
    why: `it is ${state}${because}; nothing is discarded.`,
    remedy: `${state === "disabled" ? "Mend it, then set it active again" : "Set it active again"}: ${resume}`,
  };
}

function describeGate(destination: Held | null): HeldWords {
  const since = destination?.gate?.breakerSince ?? null;
  const when = since === null ? "" : ` since ${formatTime(since)}`;
  switch (destination?.gate?.reason) {
    case "breaker":
      return destination.gate.breaker === "open"
        ? {
            why: `its breaker is open${when}: most attempts failed. One probe goes out every 30 s; waiting costs no attempt.`,
            remedy: "Mend the destination; the first probe that succeeds lets the others follow.",
          }
        : {
            why: `its breaker is recovering${when}: more go out round by round.`,
            remedy: "Nothing is to be done while the attempts succeed.",
          };
    case "slow":
      return {
        why: "it answers slowly, and is given a share of the workers' slots.",
        remedy: "Make it quicker, or declare its `concurrency` to decide yourself how much of the workers it may hold.",
      };
    case "limit":
      return {
        why: `it is at its limit (${describeLimits(destination)}).`,
        remedy: "They go out as places become free; raise the limit if the destination can take more.",
      };
    default:
      return { why: "its gate is just being opened.", remedy: "Nothing is to be done; they go out at once." };
  }
}

function describeLimits({ concurrency, ratePerSec }: Held): string {
  const limits = [
    ...(concurrency === null ? [] : [`${concurrency} at once`]),
    ...(ratePerSec === null ? [] : [`${ratePerSec} a second`]),
  ];
  return limits.join(", ");
}
