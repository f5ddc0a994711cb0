import { randomUUID } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import type { LeasedRow } from "../store/deliveries/claim-ready.ts";
import { claimReady } from "../store/deliveries/claim-ready.ts";
import { findEvents } from "../store/events/find-events.ts";
import type { Queryable } from "../store/statement.ts";
import type { LeasedDelivery, StoredEvent } from "./leased-delivery.ts";
import { toLeased, toStoredEvent } from "./leased-delivery.ts";

/**
 * What a delivery's event came to: `gone` when its row is no longer there, `unreadable` when its stored headers are not what
 * we wrote, `unread` when the database was lost between the claim and the read.
 */
export type FoundEvent = StoredEvent | "gone" | "unreadable" | "unread";

/** A leased delivery with its event. */
export interface Claimed {
  readonly delivery: LeasedDelivery;
  readonly event: FoundEvent;
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
  const found = await findTheirEvents(deps.db, rows);
  return rows.map((row) => ({ delivery: toLeased(row, lease, leaseEndsMs), event: found(row.event_id) }));
}

/** Never throws: what is claimed has to be settled or returned, and one bad row must not take the batch with it. */
async function findTheirEvents(db: Queryable, rows: readonly LeasedRow[]): Promise<(id: string) => FoundEvent> {
  try {
    const found = await db.run(findEvents, [rows.map((row) => row.bucket), rows.map((row) => row.event_id)]);
    const events = new Map(found.rows.map((row) => [row.id, row]));
    return (id) => {
      const row = events.get(id);
      return row === undefined ? "gone" : (toStoredEvent(row) ?? "unreadable");
    };
  } catch {
    return () => "unread";
  }
}
