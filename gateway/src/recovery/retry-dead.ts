import type { Destination } from "../domain/catalog.ts";
import { heldReasonOf } from "../domain/gate.ts";
import { bucketOf, toPublicId, uuidAfter } from "../domain/id.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import { retryLane } from "../domain/lane.ts";
import type { Database } from "../store/database.ts";
import { gateNow, insertRetry, markRetried, readyNow } from "../store/deliveries/requeue.ts";
import type { Queryable } from "../store/statement.ts";
import { findDelivery } from "../store/views/deliveries.ts";
import { oldPlace } from "./old-place.ts";

export interface RetryDeps {
  readonly db: Database;
  /** The database's time: what is queued goes by it, as the partition does that keeps it when it has ended. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly ranks: Ranks;
}

/** What became of a wish to try a delivery again; ids are UUIDs. */
export type Retried =
  | {
      readonly kind: "queued";
      /** A new delivery for a dead one, the same for one that waited. */
      readonly deliveryId: string;
      /** Whether it waits for its destination to be resumed. */
      readonly held: boolean;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

const DEADLINE_MS = 5_000;

/**
 * Tries one delivery again at once. A dead one stays as it is and gets a successor with the same idempotency key, so that
 * a receiver which had taken it after all recognizes it; asked twice, also at the same moment, it gets one. A delivery that
 * waits for its time becomes ready. What is ready, leased or processed is refused: trying it again would change nothing, or
 * deliver twice.
 */
export async function retryDelivery(
  deps: RetryDeps,
  tenant: string,
  id: string,
  findDestination: (id: string) => Destination | null,
): Promise<Retried> {
  const done = await deps.db.transaction((tx) => retry(deps, tx, tenant, id, findDestination), DEADLINE_MS);
  if (done.ok) return done.value;
  return { kind: "failed", unknown: done.unknown, message: done.message };
}

async function retry(
  deps: RetryDeps,
  tx: Queryable,
  tenant: string,
  id: string,
  findDestination: (id: string) => Destination | null,
): Promise<Retried> {
  const found = (await tx.run(findDelivery, [tenant, bucketOf(id), id])).rows[0];
  if (found === undefined) return { kind: "missing" };
  const destination = findDestination(found.destination_id);
  if (destination === null) return { kind: "refused", message: "Its destination is not there any more." };
  switch (found.state) {
    case "dead":
      if (found.source_id === null) {
        return { kind: "refused", message: "Its event is not kept any more, so there is nothing to deliver." };
      }
      return queueSuccessor(deps, tx, tenant, id, destination);
    case "scheduled":
    case "held":
      return makeReady(deps, tx, { tenant, id, priority: found.priority, heldReason: found.held_reason }, destination);
    case "processed":
      return { kind: "refused", message: "It is processed; a second delivery would be a duplicate." };
    case "leased":
      return { kind: "refused", message: "A worker is trying it right now; look at it again when that has ended." };
    default:
      return { kind: "refused", message: "It is ready already and will be tried as soon as a worker is free." };
  }
}

async function queueSuccessor(
  deps: RetryDeps,
  tx: Queryable,
  tenant: string,
  id: string,
  destination: Destination,
): Promise<Retried> {
  const bucket = bucketOf(id);
  const successor = uuidAfter(id, deps.databaseNow().getTime(), deps.random(8));
  const dead = (await tx.run(markRetried, [tenant, bucket, id, successor])).rows[0];
  if (dead === undefined) {
    const now = (await tx.run(findDelivery, [tenant, bucket, id])).rows[0];
    if (now?.state === "dead" && now.retried_as === null)
      return { kind: "refused", message: "It was dismissed; restore it first: holdfast dead restore." };
    const other = now?.retried_as == null ? "" : ` as ${toPublicId("dlv", now.retried_as)}`;
    return { kind: "refused", message: `It was retried already${other}.` };
  }
  const heldReason = heldReasonOf(destination, dead.order_key);
  const inserted = await tx.run(insertRetry, [
    bucket,
    successor,
    tenant,
    dead.event_id,
    dead.destination_id,
    dead.key,
    id,
    dead.priority,
    dead.lane,
    deps.ranks.next(dead.priority, retryLane(dead.lane)),
    heldReason === null ? "ready" : "held",
    heldReason,
    dead.order_key,
    oldPlace({ ...dead, id })?.at ?? null,
    dead.trigger,
  ]);
  if (inserted.rowCount !== 1) throw new Error("the retry that was planned was not queued");
  return { kind: "queued", deliveryId: successor, held: heldReason !== null };
}

interface Waiting {
  readonly tenant: string;
  readonly id: string;
  readonly priority: number;
  readonly heldReason: string | null;
}

/** What comes out by itself, and must not jump its queue: limits would not hold, nor an order. */
const WAITS: Readonly<Record<string, string>> = {
  destination_gated:
    "It waits at its destination's gate and goes out as soon as that has room; `holdfast deliveries` says what holds it.",
  ordered: "It waits for its turn: an earlier delivery with the same order key is not finished.",
};

async function makeReady(
  deps: RetryDeps,
  tx: Queryable,
  { tenant, id, priority, heldReason }: Waiting,
  destination: Destination,
): Promise<Retried> {
  if (destination.state !== "active") {
    return {
      kind: "refused",
      message: `Its destination ${destination.name} is ${destination.state}; resume that first.`,
    };
  }
  const wait = WAITS[heldReason ?? ""];
  if (wait !== undefined) return { kind: "refused", message: wait };
  const rank = deps.ranks.next(priority, retryLane(tenant));
  const isGated = destination.gate !== null && heldReason === null;
  const updated = isGated
    ? await tx.run(gateNow, [tenant, bucketOf(id), id, rank])
    : await tx.run(readyNow, [tenant, bucketOf(id), id, rank]);
  if (updated.rowCount === 1) return { kind: "queued", deliveryId: id, held: isGated };
  return { kind: "refused", message: "Its state has changed at this very moment; look at it again." };
}
