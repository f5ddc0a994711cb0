import { decideRescue } from "../domain/delivery.ts";
import { newUuid } from "../domain/id.ts";
import { DEFAULT_RETRY_POLICY } from "../domain/retry-policy.ts";
import { randomFraction } from "../platform/random.ts";
import { attemptPart } from "../store/attempt-part.ts";
import type { Transaction } from "../store/database.ts";
import type { ExpiredRow } from "../store/deliveries/find-expired.ts";
import { findExpired } from "../store/deliveries/find-expired.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { Settlement } from "./settle.ts";
import { settleDeliveries } from "./settle.ts";

export interface RescueDeps {
  readonly random: (bytes: number) => Uint8Array;
  readonly worker: string;
  readonly catalog: () => CatalogIndex;
  readonly leaseMs: number;
}

export interface Rescued {
  /** How many leases had ended, of `limit` at most. */
  readonly found: number;
  /** The deliveries among them that could not be taken back, and why. They stay as they are. */
  readonly stuck: readonly { readonly id: string; readonly error: unknown }[];
}

/** When the leases end that are taken: later than `after`, and not later than `until`. Without the one or the other: whenever. */
export interface LeaseEnds {
  readonly after?: Date;
  readonly until?: Date;
}

/**
 * Takes deliveries back whose lease has expired: the worker died or stands still. The attempt was counted when it was
 * claimed and gets its row here, so a delivery that kills its worker each time still comes to an end.
 *
 * @param ends until now; later where it is known that no worker holds such a lease
 */
export async function rescue(
  deps: RescueDeps,
  tx: Transaction,
  now: Date,
  ends: LeaseEnds,
  limit: number,
): Promise<Rescued> {
  const { rows } = await tx.run(findExpired, [
    ends.after?.toISOString() ?? "-infinity",
    ends.until?.toISOString() ?? "infinity",
    limit,
  ]);
  return { found: rows.length, stuck: await takeBack(deps, tx, now, rows) };
}

/** The oldest come first in every batch: one that cannot be taken back would keep all others from it for ever. Hence halves, down to that one. */
async function takeBack(
  deps: RescueDeps,
  tx: Transaction,
  now: Date,
  rows: readonly ExpiredRow[],
): Promise<Rescued["stuck"]> {
  if (rows.length === 0) return [];
  const part = await attemptPart(tx, async () => {
    const settlements = rows.map((row) => toSettlement(deps, now, row));
    await settleDeliveries(tx, settlements, deps.worker, now);
  });
  if (part.ok) return [];
  if (rows.length === 1) return [{ id: rows[0]!.id, error: part.error }];
  const half = rows.length >> 1;
  return [
    ...(await takeBack(deps, tx, now, rows.slice(0, half))),
    ...(await takeBack(deps, tx, now, rows.slice(half))),
  ];
}

const EXPIRED = {
  kind: "failed",
  fault: "lease_expired",
  detail: "the worker did not report within its lease",
} as const;

function toSettlement(deps: RescueDeps, now: Date, row: ExpiredRow): Settlement {
  const policy = deps.catalog().findDestination(row.destination_id)?.policy.retry ?? DEFAULT_RETRY_POLICY;
  // A lease that was written while the database's clock was ahead would have it begin in the future.
  const startedAt = new Date(Math.min(now.getTime(), row.lease_until.getTime() - deps.leaseMs));
  const decision = decideRescue(row, EXPIRED, policy, randomFraction(deps.random));
  return {
    delivery: { bucket: row.bucket, id: row.id, lease: row.lease, destinationId: row.destination_id },
    attemptId: newUuid(now.getTime(), row.bucket, deps.random(8)),
    attempt: {
      outcome: EXPIRED,
      startedAt,
      // No longer than its lease, whenever that was: a gateway that stays off for weeks finds more than the column holds.
      durationMs: Math.min(deps.leaseMs, Math.max(0, Math.round(now.getTime() - startedAt.getTime()))),
      response: null,
    },
    decision,
    dueAt: decision.to === "scheduled" ? new Date(now.getTime() + decision.waitMs) : null,
  };
}
