import type { Decision } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import { classify } from "../domain/outcome.ts";
import { toArrayText } from "../store/array-text.ts";
import { int4Array, textArray, timestamptzArray, uuidArray } from "../store/binary-array.ts";
import { createBytePack } from "../store/byte-pack.ts";
import { copyFinished } from "../store/deliveries/copy-finished.ts";
import { deleteFinished } from "../store/deliveries/delete-finished.ts";
import { findAttempts } from "../store/deliveries/find-attempts.ts";
import { insertAttempts } from "../store/deliveries/insert-attempts.ts";
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
 * The attempts come first and lock what follows, so no statement of its own has to: a lease that is not found then was lost, it
 * expired and somebody else has or had the delivery.
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
  // By place: neighbours in the index one after the other, and no two settlements lock rows in different orders.
  const sorted = items.toSorted(byPlace);
  const tried = sorted.filter((item) => item.attempt !== null);
  const finished = sorted.filter(isFinished);
  const returned = sorted.filter((item) => !isFinished(item));
  const held = new Set<string>();
  const written = { attempts: 0, copies: 0, finished: 0 };
  await tx.inOrder([
    ...(tried.length > 0 ? [async () => void (written.attempts = await writeAttempts(tx, tried, worker))] : []),
    ...(finished.length > 0
      ? [
          async () => void (written.copies = await copyToHistory(tx, finished, now)),
          async () => void (written.finished = await takeOut(tx, finished, held)),
        ]
      : []),
    ...(returned.length > 0 ? [() => giveBack(tx, returned, held)] : []),
  ]);
  const triedHeld = tried.filter((item) => held.has(item.delivery.id)).length;
  if (written.attempts !== triedHeld || written.copies !== written.finished) {
    throw new Error("a locked delivery did not finish");
  }
  if (isRepeat) {
    for (const id of await findSettled(tx, items)) held.add(id);
    // One without an attempt leaves nothing that could be found: its lease is gone, so it is back, by us or by the rescuer.
    for (const item of items) if (item.attempt === null) held.add(item.delivery.id);
  }
  return items.map((item) => (held.has(item.delivery.id) ? "settled" : "lost"));
}

function isFinished({ decision }: Settlement): boolean {
  return decision.to === "processed" || decision.to === "dead";
}

function byPlace({ delivery: a }: Settlement, { delivery: b }: Settlement): number {
  return a.bucket - b.bucket || (a.id < b.id ? -1 : 1);
}

async function findSettled(tx: Queryable, items: readonly Settlement[]): Promise<string[]> {
  const { buckets, ids } = toColumns(items);
  const attemptIds = uuidArray(items.map((item) => item.attemptId));
  return (await tx.run(findAttempts, [buckets, ids, attemptIds])).rows.map((row) => row.delivery_id);
}

function toColumns(items: readonly Settlement[]) {
  return {
    buckets: int4Array(items.map((item) => item.delivery.bucket)),
    ids: uuidArray(items.map((item) => item.delivery.id)),
    leases: uuidArray(items.map((item) => item.delivery.lease)),
  };
}

const NOTHING = new Uint8Array();

async function writeAttempts(tx: Queryable, items: readonly Settlement[], worker: string): Promise<number> {
  const { buckets, ids, leases } = toColumns(items);
  const attempts = items.map((item) => item.attempt!);
  const pack = createBytePack();
  const places = attempts.map(({ response }) => ({
    headers: pack.add(response?.headers ?? NOTHING),
    body: pack.add(response?.body ?? NOTHING),
  }));
  const written = await tx.run(insertAttempts, [
    buckets,
    ids,
    leases,
    uuidArray(items.map((item) => item.attemptId)),
    textArray(attempts.map(({ outcome }) => classify(outcome))),
    toArrayText(attempts.map(({ outcome }) => (outcome.kind === "answered" ? outcome.status : null))),
    textArray(attempts.map(({ outcome }) => describe(outcome))),
    pack.toBuffer(),
    int4Array(places.map((place) => place.headers.at)),
    int4Array(places.map((place) => place.headers.length)),
    int4Array(places.map((place) => place.body.at)),
    int4Array(places.map((place) => place.body.length)),
    toArrayText(attempts.map(({ response }) => response?.truncated ?? false)),
    timestamptzArray(attempts.map(({ startedAt }) => startedAt)),
    int4Array(attempts.map(({ durationMs }) => durationMs)),
    textArray(items.map((item) => item.decision.to)),
    timestamptzArray(items.map((item) => item.dueAt)),
    worker,
  ]);
  return written.rowCount ?? 0;
}

function describe(outcome: Outcome): string | null {
  return outcome.kind === "failed"
    ? `${outcome.fault}: ${outcome.detail}`.slice(0, 500).toWellFormed().replaceAll("\u0000", "\uFFFD")
    : null;
}

async function copyToHistory(tx: Queryable, items: readonly Settlement[], now: Date): Promise<number> {
  const { buckets, ids, leases } = toColumns(items);
  const states = textArray(items.map((item) => item.decision.to));
  const reasons = textArray(items.map(({ decision }) => (decision.to === "dead" ? decision.reason : null)));
  return (await tx.run(copyFinished, [buckets, ids, leases, states, reasons, now.toISOString()])).rowCount ?? 0;
}

async function takeOut(tx: Queryable, items: readonly Settlement[], held: Set<string>): Promise<number> {
  const { buckets, ids, leases } = toColumns(items);
  const { rows } = await tx.run(deleteFinished, [buckets, ids, leases]);
  for (const { id } of rows) held.add(id);
  return rows.length;
}

async function giveBack(tx: Queryable, items: readonly Settlement[], held: Set<string>): Promise<void> {
  const { buckets, ids, leases } = toColumns(items);
  const { rows } = await tx.run(putBack, [
    buckets,
    ids,
    leases,
    textArray(items.map((item) => item.decision.to)),
    timestamptzArray(items.map((item) => item.dueAt)),
    textArray(items.map(({ decision }) => (decision.to === "held" ? decision.reason : null))),
    int4Array(items.map(({ attempt }) => (attempt !== null && classify(attempt.outcome) === "refused" ? 1 : 0))),
    // Waiting costs no attempt: a hold without a try gives back what the claim counted.
    int4Array(items.map(({ attempt }) => (attempt === null ? 1 : 0))),
  ]);
  for (const { id } of rows) held.add(id);
}
