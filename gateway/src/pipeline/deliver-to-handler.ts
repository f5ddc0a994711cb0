import type { DeliveredEvent, Handler, HandlerTransaction } from "../domain/handler.ts";
import { newUuid, toPublicId } from "../domain/id.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../store/database.ts";
import { createHandlerTransaction } from "../store/handler-transaction.ts";
import type { Attempt } from "./deliver.ts";
import type { LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { settleDeliveries } from "./settle.ts";

export interface HandlerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly worker: string;
}

/** `settled`: the handler's writes and `processed` are committed. Otherwise nothing is, and the attempt says why. */
export type HandlerResult =
  | { readonly kind: "settled"; readonly attempt: Attempt }
  | { readonly kind: "lost" }
  | { readonly kind: "failed"; readonly attempt: Attempt };

/**
 * Calls a handler inside the transaction that marks its delivery processed (promise 4). The lease is checked in the same
 * transaction, so a worker that was overtaken rolls its writes back. When the outcome of COMMIT is unknown the lease is left
 * to expire: if it was committed there is nothing to rescue, if not the delivery is tried again.
 */
export async function deliverToHandler(
  deps: HandlerDeps,
  input: {
    readonly delivery: LeasedDelivery;
    readonly event: StoredEvent;
    readonly sourceName: string;
    readonly handler: Handler;
    readonly timeoutMs: number;
  },
): Promise<HandlerResult> {
  const { delivery } = input;
  const startedAt = deps.clock.now();
  const startedMs = deps.clock.monotonicMs();
  const finish = (outcome: Attempt["outcome"]): Attempt => ({
    outcome,
    startedAt,
    durationMs: Math.max(0, Math.round(deps.clock.monotonicMs() - startedMs)),
    response: null,
  });
  const result = await deps.db.transaction(async (tx) => {
    const scope = createHandlerTransaction(tx.client, input.timeoutMs);
    await scope.begin();
    try {
      await input.handler(toDeliveredEvent(input), scope.transaction satisfies HandlerTransaction);
    } finally {
      scope.end();
    }
    const attempt = finish({ kind: "completed" });
    const attemptId = newUuid(startedAt.getTime(), delivery.bucket, deps.random(8));
    const settlement = { delivery, attemptId, attempt, decision: { to: "processed" }, dueAt: null } as const;
    const settled = await settleDeliveries(tx, [settlement], deps.worker, deps.databaseNow());
    if (settled[0] === "lost") throw new LeaseLost();
    return attempt;
  }, input.timeoutMs);
  if (result.ok) return { kind: "settled", attempt: result.value };
  if (result.unknown || result.message === LEASE_LOST) return { kind: "lost" };
  return { kind: "failed", attempt: finish({ kind: "failed", fault: "handler_failed", detail: result.message }) };
}

const LEASE_LOST = "the lease was lost";

// Thrown so that the transaction, with the handler's writes in it, is rolled back.
class LeaseLost extends Error {
  override readonly message = LEASE_LOST;
}

function toDeliveredEvent(input: { delivery: LeasedDelivery; event: StoredEvent; sourceName: string }): DeliveredEvent {
  const { delivery, event } = input;
  return {
    id: toPublicId("evt", event.id),
    deliveryId: toPublicId("dlv", delivery.id),
    idempotencyKey: toPublicId("dlv", delivery.key),
    source: input.sourceName,
    type: event.eventType,
    occurredAt: event.occurredAt,
    receivedAt: event.receivedAt,
    attempt: delivery.attempt,
    trigger: delivery.trigger === "live" && delivery.attempt > 1 ? "retry" : delivery.trigger,
    headers: event.headers.filter(([, value]) => value !== "[redacted]"),
    body: event.body,
    json: (): unknown => JSON.parse(Buffer.from(event.body).toString("utf8")),
  };
}
