import { randomUUID } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import { claimReady } from "../store/deliveries/claim-ready.ts";
import { findEvents } from "../store/events/find-events.ts";
import type { Queryable } from "../store/statement.ts";
import type { LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { toLeased, toStoredEvent } from "./leased-delivery.ts";

/** A leased delivery with its event; null when the event is gone. */
export interface Claimed {
  readonly delivery: LeasedDelivery;
  readonly event: StoredEvent | null;
}

/**
 * Leases up to `slots` ready deliveries and reads their events. The lease's end is reckoned from before the claim was sent,
 * so this process always stops earlier than the database would take the delivery away.
 *
 * @param deps.databaseNow the database's time as this process knows it
 */
export async function claim(
  deps: { readonly db: Queryable; readonly clock: Clock; readonly databaseNow: () => Date; readonly leaseMs: number },
  slots: number,
): Promise<Claimed[]> {
  const lease = randomUUID();
  const leaseEndsMs = deps.clock.monotonicMs() + deps.leaseMs;
  const leaseUntil = new Date(deps.databaseNow().getTime() + deps.leaseMs).toISOString();
  const rows = (await deps.db.run(claimReady, [slots, lease, leaseUntil])).rows;
  if (rows.length === 0) return [];
  const found = await deps.db.run(findEvents, [rows.map((row) => row.bucket), rows.map((row) => row.event_id)]);
  const events = new Map(found.rows.map((row) => [row.id, row]));
  return rows.map((row) => {
    const event = events.get(row.event_id);
    return { delivery: toLeased(row, lease, leaseEndsMs), event: event === undefined ? null : toStoredEvent(event) };
  });
}
