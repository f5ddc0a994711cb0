import type { Decision } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import { classify } from "../domain/outcome.ts";
import { createBytePack } from "../store/byte-pack.ts";
import { copyFinished } from "../store/deliveries/copy-finished.ts";
import { deleteFinished } from "../store/deliveries/delete-finished.ts";
import { findAttempts } from "../store/deliveries/find-attempts.ts";
import { insertAttempts } from "../store/deliveries/insert-attempts.ts";
import { lockLeases } from "../store/deliveries/lock-leases.ts";
import { putBack } from "../store/deliveries/put-back.ts";
import type { Transaction } from "../store/database.ts";
import type { Queryable } from "../store/statement.ts";
import type { Attempt } from "./deliver.ts";
import type { LeasedDelivery } from "./leased-delivery.ts";

/** What follows one lease: an attempt and its decision, or, without an attempt, a hold that costs none. */
export interface Settlement {
  readonly delivery: Pick<LeasedDelivery, "bucket" | "id" | "lease" | "destinationId">;
  readonly attemptId: string;
  readonly attempt: Attempt | null;
  readonly decision: Decision | { readonly to: "ready" };
  /** When a retry is due, in database time; set exactly when the decision is `scheduled`. */
  readonly dueAt: Date | null;
}

/** `lost`: the lease was no longer ours; nothing was written. */
export type Settled = "settled" | "lost";

/**
 * Settles a batch in one transaction: attempt and new state commit together, each write fenced by the lease token. Finished
 * deliveries leave the hot table here.
 *
 * @param now database time
 * @param isRepeat some of these may have been settled by a COMMIT that was never answered; they are then `settled`, not lost
 */
export async function settleDeliveries(
  tx: Transaction,
  items: readonly Settlement[],
  worker: string,
  now: Date,
  isRepeat = false,
): Promise<Settled[]> {
  const columns = toColumns(items);
  const held = new Set(
    (await tx.run(lockLeases, [columns.buckets, columns.ids, columns.leases])).rows.map((row) => row.id),
  );
  const ours = items.filter((item) => held.has(item.delivery.id));
  const tried = ours.filter((item) => item.attempt !== null);
  const finished = ours.filter(({ decision }) => decision.to === "processed" || decision.to === "dead");
  const returned = ours.filter(({ decision }) => decision.to !== "processed" && decision.to !== "dead");
  await tx.inOrder([
    ...(tried.length > 0 ? [() => writeAttempts(tx, tried, worker)] : []),
    ...(finished.length > 0 ? [() => finish(tx, finished, now)] : []),
    ...(returned.length > 0 ? [() => giveBack(tx, returned)] : []),
  ]);
  if (isRepeat) for (const id of await findSettled(tx, items)) held.add(id);
  return items.map((item) => (held.has(item.delivery.id) ? "settled" : "lost"));
}

async function findSettled(tx: Queryable, items: readonly Settlement[]): Promise<string[]> {
  const { buckets, ids } = toColumns(items);
  const attemptIds = items.map((item) => item.attemptId);
  return (await tx.run(findAttempts, [buckets, ids, attemptIds])).rows.map((row) => row.delivery_id);
}

function toColumns(items: readonly Settlement[]) {
  return {
    buckets: items.map((item) => item.delivery.bucket),
    ids: items.map((item) => item.delivery.id),
    leases: items.map((item) => item.delivery.lease),
  };
}

const NOTHING = new Uint8Array();

async function writeAttempts(tx: Queryable, items: readonly Settlement[], worker: string): Promise<void> {
  const { buckets, ids, leases } = toColumns(items);
  const attempts = items.map((item) => item.attempt!);
  const pack = createBytePack();
  const places = attempts.map(({ response }) => ({
    headers: pack.add(response?.headers ?? NOTHING),
    body: pack.add(response?.body ?? NOTHING),
  }));
  await tx.run(insertAttempts, [
    buckets,
    ids,
    leases,
    items.map((item) => item.attemptId),
    attempts.map(({ outcome }) => classify(outcome)),
    attempts.map(({ outcome }) => (outcome.kind === "answered" ? outcome.status : null)),
    attempts.map(({ outcome }) => describe(outcome)),
    pack.toBuffer(),
    places.map((place) => place.headers.at),
    places.map((place) => place.headers.length),
    places.map((place) => place.body.at),
    places.map((place) => place.body.length),
    attempts.map(({ response }) => response?.truncated ?? false),
    attempts.map(({ startedAt }) => startedAt.toISOString()),
    attempts.map(({ durationMs }) => durationMs),
    items.map((item) => item.decision.to),
    items.map((item) => item.dueAt?.toISOString() ?? null),
    worker,
  ]);
}

function describe(outcome: Outcome): string | null {
  return outcome.kind === "failed"
    ? `${outcome.fault}: ${outcome.detail}`.slice(0, 500).toWellFormed().replaceAll("\u0000", "\uFFFD")
    : null;
}

async function finish(tx: Transaction, items: readonly Settlement[], now: Date): Promise<void> {
  const { buckets, ids, leases } = toColumns(items);
  const reasons = items.map(({ decision }) => (decision.to === "dead" ? decision.reason : null));
  const states = items.map((item) => item.decision.to);
  const expectAll = (rowCount: number | null): void => {
    if (rowCount !== items.length) throw new Error("a locked delivery did not finish");
  };
  await tx.inOrder([
    async () =>
      expectAll((await tx.run(copyFinished, [buckets, ids, leases, states, reasons, now.toISOString()])).rowCount),
    async () => expectAll((await tx.run(deleteFinished, [buckets, ids, leases])).rowCount),
  ]);
}

async function giveBack(tx: Queryable, items: readonly Settlement[]): Promise<void> {
  const { buckets, ids, leases } = toColumns(items);
  const updated = await tx.run(putBack, [
    buckets,
    ids,
    leases,
    items.map((item) => item.decision.to),
    items.map((item) => item.dueAt?.toISOString() ?? null),
    items.map(({ decision }) => (decision.to === "held" ? decision.reason : null)),
    items.map(({ attempt }) => (attempt !== null && classify(attempt.outcome) === "refused" ? 1 : 0)),
    // Waiting costs no attempt: a hold without a try gives back what the claim counted.
    items.map(({ attempt }) => (attempt === null ? 1 : 0)),
  ]);
  if (updated.rowCount !== items.length) throw new Error("a locked delivery was not put back");
}
