/** `duplicate`: a recorded event comes again. `rejection`: the same bytes are refused again. */
export type LoopKind = "duplicate" | "rejection";

/**
 * Why it comes again, as far as it can be seen from here: the answer before was late or none, the answer was a refusal, or
 * the answer was in time and the provider (or somebody at it) sends again all the same.
 */
export const LOOP_CAUSES = ["answered_late", "refused", "redelivered"] as const;
export type LoopCause = (typeof LOOP_CAUSES)[number];

/** The page that says what to do. */
export const LOOP_RUNBOOK = "docs/runbooks/retry-loop.md";

/** Arrivals of one fingerprint that make it a loop: one retry is what retries are for. */
export const LOOP_ARRIVALS_MIN = 3;

/** Arrivals a minute between the first and the last one; null for a single moment. */
export function ratePerMinute(loop: {
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}): number | null {
  const spanMs = loop.lastAt.getTime() - loop.firstAt.getTime();
  if (spanMs <= 0) return null;
  return Math.round(((loop.count - 1) / spanMs) * 60_000 * 1_000) / 1_000;
}
