import type { Replay, SelectableState } from "@holdfast/client";
import type { Tone } from "../parts/state-badge.tsx";

export const REPLAY_STATES: Readonly<Record<Replay["state"], { readonly tone: Tone; readonly word: string }>> = {
  planned: { tone: "calm", word: "Planned, not run" },
  running: { tone: "wait", word: "Running" },
  completed: { tone: "good", word: "Completed" },
  cancelled: { tone: "held", word: "Cancelled" },
  failed: { tone: "bad", word: "Failed" },
};

/** What a replay can go over, in the words of whoever plans it. */
export const SCOPE_WORDS: readonly (readonly [state: SelectableState, word: string, hint: string])[] = [
  ["dead", "Failed permanently", "the dead letters"],
  ["waiting", "Waiting for a retry", "let go at once"],
  ["missing", "Never sent there", "a route leads there now, and did not when they came"],
  ["processed", "Processed already", "delivered a second time, with a new idempotency key"],
];

/** What a replay goes over, in a line: `events of stripe, failed permanently, for billing`. */
export function describeScope({ of, sources, types, destinations, states, reasons, ids }: Replay["scope"]): string {
  const words = new Map<string, string>(SCOPE_WORDS.map(([state, word]) => [state, word.toLowerCase()]));
  const parts = [
    ids.length > 0 ? `${String(ids.length)} chosen ${of}` : of,
    sources.length > 0 ? `of ${sources.join(", ")}` : "of every source",
    ...(types.length > 0 ? [types.join(", ")] : []),
    ...(states.length > 0 ? [states.map((state) => words.get(state) ?? state).join(" or ")] : []),
    ...(reasons.length > 0 ? [reasons.map((reason) => reason.replaceAll("_", " ")).join(" or ")] : []),
    ...(destinations.length > 0 ? [`for ${destinations.join(", ")}`] : []),
  ];
  return parts.join(", ").replace(", of ", " of ");
}

/** What a check of the run's integrity is about. */
export function describeCheck(name: string): string {
  const text = name.replaceAll("_", " ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
