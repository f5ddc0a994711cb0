import type { Destination } from "../domain/catalog.ts";
import type { Trigger } from "../domain/delivery.ts";
import { toPublicId } from "../domain/id.ts";
import { classify } from "../domain/outcome.ts";
import type { Claimed } from "../pipeline/claim.ts";
import type { Attempt } from "../pipeline/deliver.ts";
import type { Settlement } from "../pipeline/settle.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";

/** What is delivered because its event came. What somebody delivers again, days later perhaps, would be timed from then all the same. */
const TIMED: readonly Trigger[] = ["live", "reconcile"];

/**
 * One wide line for each attempt, with the decision in it, and the metrics. Ids and names only: no body, no header, no URL.
 *
 * @param settlement null when the outcome changed nothing, because the lease was lost or the database away
 */
export function observeAttempt(
  deps: { readonly log: Log; readonly metrics: Metrics; readonly worker: string },
  claimed: Claimed,
  attempt: Attempt | null,
  settlement: Settlement | null,
  destination: Destination | null,
): void {
  const { delivery, event, fault } = claimed;
  const outcome = attempt === null ? null : classify(attempt.outcome);
  if (settlement === null) deps.metrics.leasesLost.inc();
  if (attempt !== null && outcome !== null) {
    deps.metrics.attempts.inc({ destination: destination?.name ?? "unknown", outcome });
    deps.metrics.attemptSeconds.observe(attempt.durationMs / 1_000);
    const isTimed = TIMED.includes(delivery.trigger) && typeof event !== "string";
    if (isTimed && settlement?.decision.to === "processed") {
      const endedMs = attempt.startedAt.getTime() + attempt.durationMs;
      deps.metrics.processedSeconds.observe(Math.max(0, endedMs - event.receivedAt.getTime()) / 1_000);
    }
    if (isTimed && delivery.attempt === 1) {
      deps.metrics.firstAttemptSeconds.observe(
        Math.max(0, attempt.startedAt.getTime() - event.receivedAt.getTime()) / 1_000,
      );
    }
  }
  const isWarned = settlement === null || settlement.decision.to === "dead" || fault !== undefined;
  deps.log[isWarned ? "warn" : "info"](
    {
      event: toPublicId("evt", delivery.eventId),
      delivery: toPublicId("dlv", delivery.id),
      destination: destination?.name ?? null,
      attempt: delivery.attempt,
      trigger: delivery.trigger,
      outcome,
      status: attempt?.outcome.kind === "answered" ? attempt.outcome.status : null,
      fault: attempt?.outcome.kind === "failed" ? attempt.outcome.fault : null,
      detail: attempt?.outcome.kind === "failed" ? attempt.outcome.detail : (fault ?? null),
      durationMs: attempt?.durationMs ?? null,
      next: settlement?.decision.to ?? "lease_lost",
      reason: settlement !== null && "reason" in settlement.decision ? settlement.decision.reason : null,
      dueAt: settlement?.dueAt?.toISOString() ?? null,
      worker: deps.worker,
    },
    "delivery attempted",
  );
}
