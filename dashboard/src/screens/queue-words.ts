import type { Destination } from "@holdfast/client";

/** Why deliveries are held, and what to do, in words that follow a destination's name. */
export interface HeldWords {
  readonly why: string;
  readonly remedy: string;
}

type Held = Pick<Destination, "stateReason" | "gate" | "concurrency" | "ratePerSec">;

/** Why a destination is not active, where the gateway wrote that itself; null where somebody's own words stand, or none. */
export function describeReason(stateReason: string | null): HeldWords | null {
  if (stateReason !== "not_declared") return null;
  return {
    why: "the configuration file does not declare it any more",
    remedy: "Declare it again and apply the file; what is held follows in order.",
  };
}

/** @param destination as it stands; null where it is not known */
export function describeHeld(reason: string, destination: Held | null): HeldWords {
  switch (reason) {
    case "destination_paused":
    case "destination_disabled": {
      const stateReason = destination?.stateReason ?? null;
      const known = describeReason(stateReason);
      const because = known?.why ?? stateReason;
      const word = reason === "destination_paused" ? "it is paused" : "it is disabled";
      return {
        why: because === null ? word : `${word} (${because})`,
        remedy:
          known?.remedy ??
          (reason === "destination_paused"
            ? "Resume the destination; what is held follows in order."
            : "Mend it, then set it active again; what is held follows in order."),
      };
    }
    case "destination_gated":
      return destination === null ? GATED : describeGate(destination);
    case "ordered":
      return {
        why: "each waits for its turn behind an earlier one of its order key",
        remedy: "Look at what is tried again for this destination: the first of each key holds the others.",
      };
    case "handler_missing":
      return {
        why: "no worker has a handler of this name",
        remedy: "Start a worker with the configuration file that holds the handler.",
      };
    case "signing_secret_unreadable":
      return {
        why: "no worker can read its signing secret",
        remedy: "Start the workers with the key that sealed it, or give the destination a new signing secret.",
      };
    default:
      return { why: reason.replaceAll("_", " "), remedy: "docs/states.md tells what that means." };
  }
}

const GATED: HeldWords = {
  why: "its gate holds them back",
  remedy: "Look at the destination: it says why.",
};

const OPENING: HeldWords = {
  why: "its gate is just being opened",
  remedy: "Nothing is to be done; they go out at once.",
};

/** What holds an active destination's deliveries back. */
export function describeGate({ gate, concurrency, ratePerSec }: Held): HeldWords {
  switch (gate?.reason) {
    case "breaker":
      return gate.breaker === "open"
        ? {
            why: "its breaker is open: most attempts failed, and one probe goes out every 30 s",
            remedy: "Mend the destination; the first probe that succeeds lets the others follow.",
          }
        : {
            why: "its breaker is recovering: more go out round by round",
            remedy: "Nothing is to be done while the attempts succeed.",
          };
    case "slow":
      return {
        why: "it answers slowly and is given a share of the workers",
        remedy: "Make it quicker, or declare its concurrency to decide yourself how much it may hold.",
      };
    case "limit": {
      const limits = [
        ...(concurrency === null ? [] : [`${concurrency} at once`]),
        ...(ratePerSec === null ? [] : [`${ratePerSec} a second`]),
      ];
      return {
        why: `it takes ${limits.join(" and ")}`,
        remedy: "They go out as places become free; raise the limit if it can take more.",
      };
    }
    default:
      return OPENING;
  }
}
