import type { Disagreement } from "./disagreement.ts";
import { acceptedByLibraries } from "./disagreements-accepted.ts";
import { firstDisagreements } from "./disagreements-first.ts";
import { refusedByLibraries } from "./disagreements-refused.ts";

/** Every place where a provider's library and this one answer differently. */
export const disagreements: readonly Disagreement[] = [
  ...firstDisagreements,
  ...acceptedByLibraries,
  ...refusedByLibraries,
];
