import type { DeliveredEvent, Handler } from "../domain/handler.ts";
import { newUuid, toPublicId } from "../domain/id.ts";
import type { AttemptFault, Outcome } from "../domain/outcome.ts";
import { REDACTED } from "../domain/passed-headers.ts";
import type { Committed, Database, LateTransaction } from "../store/database.ts";
import { beginHandler, createHandlerTransaction } from "../store/handler-transaction.ts";
import { planRestByKey } from "../store/plans.ts";
import type { Attempt } from "./deliver.ts";
import type { LeaseClocks, LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { endsAfterLease, shownTrigger } from "./leased-delivery.ts";
import { settleDeliveries } from "./settle.ts";

export interface HandlerDeps extends LeaseClocks {
  /** Connections of their own: handlers hold them for as long as they run, and claims must not wait behind them. */
  readonly handlerDb: Database;
  readonly random: (bytes: number) => Uint8Array;
  readonly worker: string;
}

/**
 * `settled`: the handler's writes and `processed` are committed. `lost`: somebody else has the delivery. `untried`: the
 * handler was not called, because no connection could be had in time. `tried`: nothing is committed, and the attempt says what
 * came of it: it failed, or it did without its transaction, and is to be settled like any other.
 */
export type HandlerResult =
  | { readonly kind: "settled"; readonly attempt: Attempt }
  | { readonly kind: "lost" }
  | { readonly kind: "untried" }
  | { readonly kind: "tried"; readonly attempt: Attempt };

export interface HandlerCall {
  readonly delivery: LeasedDelivery;
  readonly event: StoredEvent;
  readonly sourceName: string;
  readonly handler: Handler;
  readonly timeoutMs: number;
  /** Gives the handler up when the process has to end. */
  readonly signal: AbortSignal;
}

/** How long after the handler's own deadline its transaction may take to settle and commit. */
const COMMIT_MS = 5_000;

/**
 * Calls a handler inside the transaction that marks its delivery processed (promise 4); it begins with the handler's first
 * statement, and a handler that has none is settled like any other attempt. The lease is checked in the same transaction, so a
 * worker that was overtaken rolls its writes back. When the outcome of COMMIT is unknown the lease is left to expire: if it was
 * committed there is nothing to rescue, if not the delivery is tried again.
 */
export async function deliverToHandler(deps: HandlerDeps, call: HandlerCall): Promise<HandlerResult> {
  const startedAt = deps.clock.now();
  const startedMs = deps.clock.monotonicMs();
  const finish = (outcome: Outcome): Attempt => {
    const durationMs = Math.max(0, Math.round(deps.clock.monotonicMs() - startedMs));
    return { outcome, startedAt, durationMs, response: null };
  };
  const progress: Progress = { called: false, begun: false, handled: false, lost: false, fault: "handler_failed" };
  const result = await deps.handlerDb.lateTransaction(
    async (tx) => {
      await run(deps, call, tx, progress);
      progress.handled = true;
      const attempt = finish({ kind: "completed" });
      if (!tx.hasBegun()) return { attempt, isSettled: false };
      // Asked for by a query that nobody waited for: it goes first.
      await tx.begin();
      const now = deps.databaseNow();
      // Of the database's time, as the partitions are that hold it: this process's may be days off.
      const attemptId = newUuid(now.getTime(), call.delivery.bucket, deps.random(8));
      const settlement = {
        delivery: call.delivery,
        attemptId,
        attempt,
        decision: { to: "processed" },
        dueAt: null,
      } as const;
      // Not before: the handler's own statements are not ours.
      tx.send(planRestByKey, []);
      const [settled] = await settleDeliveries(tx, [settlement], deps.worker, now);
      progress.lost = settled === "lost";
      if (progress.lost) throw rollBack("the lease was lost");
      return { attempt, isSettled: true };
    },
    call.timeoutMs + COMMIT_MS,
    beginHandler(call.timeoutMs),
  );
  if (result.ok) return { kind: result.value.isSettled ? "settled" : "tried", attempt: result.value.attempt };
  if (!progress.called) return { kind: "untried" };
  if (result.unknown || progress.lost) return { kind: "lost" };
  return {
    kind: "tried",
    attempt: finish({ kind: "failed", fault: faultOf(progress, result), detail: result.message }),
  };
}

interface Progress {
  called: boolean;
  /** Its transaction has begun, or was to. */
  begun: boolean;
  /** The handler has returned. */
  handled: boolean;
  lost: boolean;
  fault: "handler_failed" | "timeout" | "aborted";
}

/** Out of room, held up, shut down, or failing by itself: what a handler's own statements did not cause once it has returned. */
const DATABASE_FAULT = /^(53|55|57|58)/;

/**
 * Whose fault it is. A handler that is told of a connection that broke throws as any other does, so it is the connection that is
 * asked; one that has begun nothing there failed by itself.
 */
function faultOf(progress: Progress, { broken, code }: Extract<Committed<unknown>, { ok: false }>): AttemptFault {
  if (progress.fault !== "handler_failed") return progress.fault;
  const isOurs = broken === true ? progress.begun : progress.handled && DATABASE_FAULT.test(code ?? "");
  return isOurs ? "database_lost" : "handler_failed";
}

async function run(deps: HandlerDeps, call: HandlerCall, tx: LateTransaction, progress: Progress): Promise<void> {
  if (endsAfterLease(deps, call.delivery, call.timeoutMs)) throw rollBack("too late in its lease");
  const scope = createHandlerTransaction(tx);
  const deadline = startDeadline(call, progress);
  progress.called = true;
  try {
    const handled = Promise.resolve(call.handler(toDeliveredEvent(call), scope.transaction));
    // When the deadline wins, nobody else would hear of the handler's end.
    handled.catch(() => {});
    await Promise.race([handled, deadline.passed]);
  } catch (error) {
    scope.abandon();
    // An abandoned handler may still be inside a statement: its connection is destroyed, which rolls back as well.
    throw progress.fault === "handler_failed"
      ? rollBack(error instanceof Error ? error.message : String(error))
      : error;
  } finally {
    progress.begun = tx.hasBegun();
    deadline.cancel();
    scope.end();
  }
}

/** A handler that never returns would hold its slot and its connection for ever. */
function startDeadline(call: HandlerCall, progress: Progress): { readonly passed: Promise<never>; cancel(): void } {
  const end = new AbortController();
  const passed = new Promise<never>((_, reject) => {
    end.signal.addEventListener("abort", () => reject(end.signal.reason), { once: true });
  });
  passed.catch(() => {});
  const give = (fault: "timeout" | "aborted", words: string): void => {
    progress.fault = fault;
    end.abort(new Error(words));
  };
  const onAbort = (): void => give("aborted", "the process ended before the handler did");
  const timer = setTimeout(
    () => give("timeout", `the handler did not return within ${call.timeoutMs} ms`),
    call.timeoutMs,
  );
  call.signal.addEventListener("abort", onAbort, { once: true });
  if (call.signal.aborted) onAbort();
  return {
    passed,
    cancel: () => {
      clearTimeout(timer);
      call.signal.removeEventListener("abort", onAbort);
    },
  };
}

/** A failure on a sound connection. With a code of SQLSTATE's shape (38000: outside of SQL) it is rolled back and kept. */
function rollBack(words: string): Error {
  return Object.assign(new Error(words), { code: "38000" });
}

function toDeliveredEvent({ delivery, event, sourceName }: HandlerCall): DeliveredEvent {
  // Its own: the deliveries of one event share the bytes, and a handler may change what it was given.
  const body = Buffer.from(event.body);
  return {
    id: toPublicId("evt", event.id),
    deliveryId: toPublicId("dlv", delivery.id),
    idempotencyKey: toPublicId("dlv", delivery.key),
    source: sourceName,
    type: event.eventType,
    occurredAt: event.occurredAt,
    receivedAt: event.receivedAt,
    attempt: delivery.attempt,
    trigger: shownTrigger(delivery),
    headers: event.headers.filter(([, value]) => value !== REDACTED),
    body,
    json: (): unknown => JSON.parse(body.toString("utf8")),
  };
}
