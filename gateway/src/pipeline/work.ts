import type { Destination } from "../domain/catalog.ts";
import { decide } from "../domain/delivery.ts";
import type { Handler } from "../domain/handler.ts";
import { newUuid } from "../domain/id.ts";
import { readDeliverySecret } from "../platform/delivery-signature.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { Claimed } from "./claim.ts";
import type { Attempt, DeliverDeps } from "./deliver.ts";
import { deliver } from "./deliver.ts";
import type { HandlerDeps } from "./deliver-to-handler.ts";
import { deliverToHandler } from "./deliver-to-handler.ts";
import type { Settled, Settlement } from "./settle.ts";

export interface WorkDeps extends DeliverDeps, HandlerDeps {
  readonly handlers: Readonly<Record<string, Handler>>;
  /** Settles one delivery, sharing a transaction with others; null when the database was away for too long. */
  readonly settle: (settlement: Settlement) => Promise<Settled | null>;
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

/** Why a delivery is not tried now, or what it is tried on. */
type Plan =
  | { readonly kind: "http"; readonly destination: Destination; readonly url: string; readonly signingSecret: string }
  | {
      readonly kind: "handler";
      readonly destination: Destination;
      readonly handler: Handler;
      readonly sourceName: string;
    }
  | { readonly kind: "hold"; readonly reason: string; readonly destination: Destination }
  | { readonly kind: "end"; readonly destination: Destination | null };

/** One claimed delivery: plan → deliver → decide → settle. Never throws; what it cannot settle, the rescuer will. */
export async function work(deps: WorkDeps, claimed: Claimed): Promise<void> {
  const plan = await planDelivery(deps, claimed);
  const { event, delivery } = claimed;
  if (plan.kind === "end" || event === null) {
    return conclude(
      deps,
      claimed,
      { to: "dead", reason: "referent_missing", disableDestination: false },
      missing(deps),
      plan.destination,
    );
  }
  if (plan.kind === "hold") return conclude(deps, claimed, { to: "held", reason: plan.reason }, null, plan.destination);
  // A worker that was stopped and goes on must not send what another may already be sending.
  const { policy } = plan.destination;
  if (deps.clock.monotonicMs() + policy.timeoutMs > delivery.leaseEndsMs)
    return deps.observe(claimed, null, null, plan.destination);

  if (plan.kind === "http") {
    const attempt = await deliver(deps, { ...plan, delivery, event, signal: deps.signal });
    return conclude(
      deps,
      claimed,
      decide(delivery, attempt.outcome, policy.retry, randomFraction(deps)),
      attempt,
      plan.destination,
    );
  }
  const result = await deliverToHandler(deps, { ...plan, delivery, event, timeoutMs: policy.timeoutMs });
  if (result.kind !== "failed") {
    const attempt = result.kind === "settled" ? result.attempt : null;
    return deps.observe(
      claimed,
      attempt,
      attempt && toSettlement(deps, claimed, { to: "processed" }, attempt),
      plan.destination,
    );
  }
  return conclude(
    deps,
    claimed,
    decide(delivery, result.attempt.outcome, policy.retry, randomFraction(deps)),
    result.attempt,
    plan.destination,
  );
}

async function planDelivery(deps: WorkDeps, { delivery, event }: Claimed): Promise<Plan> {
  let catalog = deps.catalog();
  const isKnown = (): boolean =>
    catalog.findDestination(delivery.destinationId) !== null &&
    (event === null || catalog.findSourceById(event.sourceId) !== null);
  if (!isKnown()) catalog = await deps.refreshCatalog();
  const destination = catalog.findDestination(delivery.destinationId);
  const source = event === null ? null : catalog.findSourceById(event.sourceId);
  if (destination === null || source === null) return { kind: "end", destination };
  if (destination.state !== "active") return { kind: "hold", reason: `destination_${destination.state}`, destination };
  if (destination.target.kind === "handler") {
    const handler = deps.handlers[destination.target.handler];
    if (handler === undefined) return { kind: "hold", reason: "handler_missing", destination };
    return { kind: "handler", destination, handler, sourceName: source.name };
  }
  const { signingSecret } = destination;
  if (signingSecret === null || readDeliverySecret(signingSecret) === null)
    return { kind: "hold", reason: "signing_secret_unreadable", destination };
  return { kind: "http", destination, url: destination.target.url, signingSecret };
}

async function conclude(
  deps: WorkDeps,
  claimed: Claimed,
  decision: Settlement["decision"],
  attempt: Attempt | null,
  destination: Destination | null,
): Promise<void> {
  const settlement = toSettlement(deps, claimed, decision, attempt);
  const settled = await deps.settle(settlement);
  deps.observe(claimed, attempt, settled === "settled" ? settlement : null, destination);
}

function toSettlement(
  deps: WorkDeps,
  { delivery }: Claimed,
  decision: Settlement["decision"],
  attempt: Attempt | null,
): Settlement {
  const now = deps.databaseNow().getTime();
  return {
    delivery,
    attemptId: newUuid(deps.clock.now().getTime(), delivery.bucket, deps.random(8)),
    attempt,
    decision,
    dueAt: decision.to === "scheduled" ? new Date(now + decision.waitMs) : null,
  };
}

function missing(deps: WorkDeps): Attempt {
  const outcome = {
    kind: "failed",
    fault: "unreadable",
    detail: "the event, its source or its destination no longer exists",
  } as const;
  return { outcome, startedAt: deps.clock.now(), durationMs: 0, response: null };
}

function randomFraction(deps: WorkDeps): number {
  return Buffer.from(deps.random(4)).readUInt32BE() / 2 ** 32;
}
