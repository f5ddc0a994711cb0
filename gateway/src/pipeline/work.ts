import type { Destination } from "../domain/catalog.ts";
import { decide } from "../domain/delivery.ts";
import { stopReasonOf } from "../domain/gate.ts";
import type { Handler } from "../domain/handler.ts";
import { newUuid } from "../domain/id.ts";
import { readDeliverySecret } from "../platform/delivery-signature.ts";
import { randomFraction } from "../platform/random.ts";
import type { Queryable } from "../store/statement.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { Claimed } from "./claim.ts";
import type { Attempt, DeliverDeps } from "./deliver.ts";
import { deliver } from "./deliver.ts";
import type { HandlerDeps, HandlerResult } from "./deliver-to-handler.ts";
import { deliverToHandler } from "./deliver-to-handler.ts";
import type { StoredEvent } from "./leased-delivery.ts";
import { endsAfterLease } from "./leased-delivery.ts";
import type { Settled, Settlement } from "./settle.ts";

export interface WorkDeps extends DeliverDeps, HandlerDeps {
  readonly db: Queryable;
  readonly leaseMs: number;
  readonly handlers: Readonly<Record<string, Handler>>;
  /**
   * Settles one delivery, sharing a transaction with others; null when the database was away for too long. The destination is as it
   * was when the attempt began.
   */
  readonly settle: (settlement: Settlement, destination: Destination | null) => Promise<Settled | null>;
  /** Reads the catalog anew when a delivery names something that this process has not heard of. */
  readonly refreshCatalog: () => Promise<CatalogIndex>;
  readonly observe: (
    claimed: Claimed,
    attempt: Attempt | null,
    settlement: Settlement | null,
    destination: Destination | null,
  ) => void;
  readonly signal: AbortSignal;
}

/** What a delivery is tried on, or why it is not tried now. */
type Plan =
  | {
      readonly kind: "http";
      readonly destination: Destination;
      readonly event: StoredEvent;
      readonly url: string;
      readonly signingSecret: string;
    }
  | {
      readonly kind: "handler";
      readonly destination: Destination;
      readonly event: StoredEvent;
      readonly handler: Handler;
      readonly sourceName: string;
    }
  | { readonly kind: "hold"; readonly destination: Destination; readonly reason: string }
  | { readonly kind: "end"; readonly destination: Destination | null; readonly detail: string }
  | { readonly kind: "unread"; readonly destination: Destination; readonly detail: string }
  | { readonly kind: "return"; readonly destination: Destination | null }
  | { readonly kind: "postpone"; readonly destination: null };

/** One claimed delivery on its way, and who is told when its attempt is over. */
interface Trial {
  readonly claimed: Claimed;
  readonly onEnded: () => void;
}

/**
 * One claimed delivery: plan → deliver → decide → settle.
 *
 * @param onEnded is called when the attempt is over and what came of it is about to be written; not where a handler has
 *   settled it
 */
export async function work(deps: WorkDeps, claimed: Claimed, onEnded: () => void): Promise<void> {
  const trial = { claimed, onEnded };
  const plan = await planDelivery(deps, claimed);
  const { destination } = plan;
  switch (plan.kind) {
    case "return":
      return conclude(deps, trial, { to: "ready" }, null, destination);
    case "postpone": {
      const waitMs = Math.round(POSTPONED_MS * (1 + randomFraction(deps.random)));
      return conclude(deps, trial, { to: "scheduled", waitMs }, null, destination);
    }
    case "hold":
      return conclude(deps, trial, { to: "held", reason: plan.reason }, null, destination);
    case "end": {
      const decision = { to: "dead", reason: "referent_missing", disableDestination: false } as const;
      return conclude(deps, trial, decision, untried(deps, "unreadable", plan.detail), destination);
    }
    case "unread": {
      const tried = untried(deps, "read_failed", plan.detail);
      const { retry } = plan.destination.policy;
      const decision = decide(claimed.delivery, tried.outcome, retry, randomFraction(deps.random));
      return conclude(deps, trial, decision, tried, destination);
    }
    case "http":
    case "handler": {
      const timeoutMs = boundedTimeoutMs(plan.destination.policy.timeoutMs, deps.leaseMs);
      if (endsAfterLease(deps, claimed.delivery, timeoutMs))
        return conclude(deps, trial, { to: "ready" }, null, destination);
      return attempt(deps, trial, plan, timeoutMs);
    }
  }
}

/** Ends a lease as if it had not been: the delivery is ready again, and the attempt is not counted. */
export function giveBack(deps: WorkDeps, claimed: Claimed, onEnded: () => void): Promise<void> {
  return conclude(deps, { claimed, onEnded }, { to: "ready" }, null, null);
}

async function attempt(
  deps: WorkDeps,
  trial: Trial,
  plan: Extract<Plan, { kind: "http" | "handler" }>,
  timeoutMs: number,
): Promise<void> {
  const { claimed } = trial;
  const { delivery } = claimed;
  const { destination, event } = plan;
  const { signal } = deps;
  // Written out: to spread one into the other cost microseconds for each attempt.
  let result: HandlerResult;
  if (plan.kind === "http") {
    const { url, signingSecret } = plan;
    const tried = await deliver(deps, { delivery, event, destination, url, signingSecret, timeoutMs, signal });
    result = { kind: "tried", attempt: tried };
  } else {
    const { handler, sourceName } = plan;
    result = await deliverToHandler(deps, { delivery, event, sourceName, handler, timeoutMs, signal });
  }
  switch (result.kind) {
    case "settled": {
      const settlement = toSettlement(deps, claimed, { to: "processed" }, result.attempt);
      return deps.observe(claimed, result.attempt, settlement, destination);
    }
    case "lost":
      return deps.observe(claimed, null, null, destination);
    case "untried":
      return conclude(deps, trial, { to: "ready" }, null, destination);
    case "tried": {
      const { outcome } = result.attempt;
      // Given up because this process ends: the attempt counts, but it must neither wait nor be the last one.
      const isGivenUp = outcome.kind === "failed" && outcome.fault === "aborted" && deps.signal.aborted;
      const decision = isGivenUp
        ? ({ to: "ready" } as const)
        : decide(delivery, outcome, destination.policy.retry, randomFraction(deps.random));
      return conclude(deps, trial, decision, result.attempt, destination);
    }
  }
}

/** What there was no time to read is read again after so long, up to twice that, so that what failed together comes due apart. */
const POSTPONED_MS = 5_000;
const SETTLE_MARGIN_MS = 15_000;

/** A destination may have been given a longer timeout than this process's leases allow; it then gets what they do allow. */
function boundedTimeoutMs(timeoutMs: number, leaseMs: number): number {
  return Math.min(timeoutMs, Math.max(leaseMs - SETTLE_MARGIN_MS, leaseMs / 2));
}

async function planDelivery(deps: WorkDeps, { delivery, event, fault }: Claimed): Promise<Plan> {
  if (event === "unread") return { kind: "return", destination: null };
  if (event === "late") return { kind: "postpone", destination: null };
  let catalog = deps.catalog();
  const known = (): boolean =>
    catalog.findDestination(delivery.destinationId) !== null &&
    (typeof event === "string" || catalog.findSourceById(event.sourceId) !== null);
  if (!known()) {
    const fresh = await deps.refreshCatalog().catch(() => null);
    if (fresh === null) return { kind: "return", destination: null };
    catalog = fresh;
  }
  const destination = catalog.findDestination(delivery.destinationId);
  if (destination === null) return { kind: "end", destination, detail: "the destination no longer exists" };
  if (event === "gone") return { kind: "end", destination, detail: "the event no longer exists" };
  if (event === "damaged")
    return { kind: "end", destination, detail: `the stored event is damaged and cannot be read: ${fault}` };
  if (event === "unreadable") return { kind: "end", destination, detail: "the event's stored headers cannot be read" };
  const reason = stopReasonOf(destination, delivery.permit);
  if (event === "failed") {
    if (reason !== null) return { kind: "hold", reason, destination };
    return { kind: "unread", destination, detail: `the event could not be read: ${fault}` };
  }
  const source = catalog.findSourceById(event.sourceId);
  if (source === null) return { kind: "end", destination, detail: "the source of the event no longer exists" };
  if (reason !== null) return { kind: "hold", reason, destination };
  if (destination.target.kind === "handler") {
    const handler = deps.handlers[destination.target.handler];
    if (handler === undefined) return { kind: "hold", reason: "handler_missing", destination };
    return { kind: "handler", destination, event, handler, sourceName: source.name };
  }
  const { signingSecret } = destination;
  if (signingSecret === null || readDeliverySecret(signingSecret) === null)
    return { kind: "hold", reason: "signing_secret_unreadable", destination };
  return { kind: "http", destination, event, url: destination.target.url, signingSecret };
}

async function conclude(
  deps: WorkDeps,
  { claimed, onEnded }: Trial,
  decision: Settlement["decision"],
  tried: Attempt | null,
  destination: Destination | null,
): Promise<void> {
  onEnded();
  const settlement = toSettlement(deps, claimed, decision, tried);
  const settled = await deps.settle(settlement, destination);
  deps.observe(claimed, tried, settled === "settled" ? settlement : null, destination);
}

function toSettlement(
  deps: WorkDeps,
  { delivery }: Claimed,
  decision: Settlement["decision"],
  tried: Attempt | null,
): Settlement {
  const now = deps.databaseNow().getTime();
  return {
    delivery,
    // Of the database's time, as the partitions are that hold it: this process's may be days off.
    attemptId: newUuid(now, delivery.bucket, deps.random(8)),
    attempt: tried,
    decision,
    dueAt: decision.to === "scheduled" ? new Date(now + decision.waitMs) : null,
  };
}

function untried(deps: WorkDeps, fault: "unreadable" | "read_failed", detail: string): Attempt {
  const outcome = { kind: "failed", fault, detail } as const;
  return { outcome, startedAt: deps.clock.now(), durationMs: 0, response: null };
}
