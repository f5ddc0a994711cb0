import type { Destination } from "@holdfast/client";

/** Why deliveries are held, and what to do, in words that follow a destination's name. */
export interface HeldWords {
  readonly why: string;
  readonly remedy: string;
}

/** @param destination as it stands; null where it is not known */
export function describeHeld(reason: string, destination: Destination | null): HeldWords {
  switch (reason) {
    case "destination_paused":
    case "destination_disabled": {
      const because = destination?.stateReason ?? null;
      const word = reason === "destination_paused" ? "it is paused" : "it is disabled";
      return {
        why: because === null ? word : `${word} (${because})`,
        remedy:
          reason === "destination_paused"
            ? "Resume the destination; what is held follows in order."
            : "Mend it, then set it active again; what is held follows in order.",
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
export function describeGate({ gate, concurrency, ratePerSec }: Destination): HeldWords {
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
