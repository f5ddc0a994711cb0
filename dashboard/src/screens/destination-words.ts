import type { Destination, DestinationDetail } from "@holdfast/client";
import { capitalize } from "../parts/capitalize.ts";
import type { Tone } from "../parts/state-badge.tsx";
import { describeReason } from "./queue-words.ts";

/** How a destination stands, in a word, a sentence and what to do. */
export interface Standing {
  readonly tone: Tone;
  readonly word: string;
  readonly why: string;
  readonly step: string;
}

type Held = Pick<Destination, "state" | "stateReason" | "gate" | "concurrency" | "ratePerSec">;

/** Says in words what holds a destination's deliveries back; null when nothing does. */
export function describeStanding(destination: Held): Standing | null {
  const { state, stateReason, gate } = destination;
  const known = describeReason(stateReason);
  const said = known === null ? null : `${capitalize(known.why)}.`;
  if (state === "paused")
    return {
      tone: "held",
      word: "Paused",
      why: said ?? stateReason ?? "Somebody paused it.",
      step: known?.remedy ?? "Deliveries are held and cost no attempt. They go out in their order when it is resumed.",
    };
  if (state === "disabled")
    return {
      tone: "bad",
      word: "Disabled",
      why: said ?? stateReason ?? "It was disabled.",
      step: known?.remedy ?? "What waits is held; nothing is deleted. Mend it, then resume it.",
    };
  if (gate === null) return null;
  switch (gate.reason) {
    case "breaker":
      return gate.breaker === "open"
        ? {
            tone: "bad",
            word: "Breaker open",
            why: "Most attempts failed. One probe goes out every 30 s; waiting costs no attempt.",
            step: "Mend the destination. The first probe that succeeds lets the others follow, round by round.",
          }
        : {
            tone: "warn",
            word: "Recovering",
            why: "Probes succeed again; more go out round by round.",
            step: "Nothing is to be done while the attempts succeed.",
          };
    case "slow":
      return {
        tone: "warn",
        word: "Slow",
        why: "It answers slowly, and is given a share of the workers, so that others do not wait for it.",
        step: "Make it quicker, or set how many may be under way at once.",
      };
    case "limit":
      return {
        tone: "calm",
        word: "Limited",
        why: `It is given ${describeLimits(destination)}.`,
        step: "Nothing is to be done. Raise the limit if it can take more.",
      };
  }
}

/** The limits in words; `no limit` where there is none. */
export function describeLimits({ concurrency, ratePerSec }: Pick<Held, "concurrency" | "ratePerSec">): string {
  const limits = [
    ...(concurrency === null ? [] : [`at most ${String(concurrency)} at once`]),
    ...(ratePerSec === null ? [] : [`at most ${String(ratePerSec)} a second`]),
  ];
  return limits.length === 0 ? "no limit" : limits.join(" and ");
}

const NOTICES: Readonly<Record<DestinationDetail["notices"][number]["kind"], string>> = {
  failing_1_day: "Has failed for a day",
  failing_3_days: "Has failed for three days",
  disabled: "Was disabled",
};

export function describeNotice(kind: DestinationDetail["notices"][number]["kind"]): string {
  return NOTICES[kind];
}
