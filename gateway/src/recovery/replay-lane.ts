import type { Destination } from "../domain/catalog.ts";

/** Why a new delivery to this destination has to wait; null when it may go at once. */
export function heldReasonOf(destination: Destination): string | null {
  return destination.state === "active" ? null : `destination_${destination.state}`;
}

/** The lane of a tenant's replays: apart from its live traffic, so that a replay queues behind itself alone. */
export function replayLane(tenant: string): string {
  return `replay:${tenant}`;
}
