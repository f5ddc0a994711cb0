import type { Priority } from "./priority.ts";

/**
 * Why an arrival is not taken though nothing is wrong with it. `source_rate`: its source sends faster than it may.
 * `throttle`: an operator wants it so. `overload`: the gateway protects itself.
 */
export const REFUSAL_CAUSES = ["source_rate", "throttle", "overload"] as const;
export type RefusalCause = (typeof REFUSAL_CAUSES)[number];

/** A refusal that asks the sender to come again. */
export interface Refusal {
  readonly cause: RefusalCause;
  /** Whether others of its kind are taken meanwhile (429) or none is (503). */
  readonly isThrottled: boolean;
  readonly retryAfterSec: number;
  readonly priority: Priority;
}
