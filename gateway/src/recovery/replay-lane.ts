import type { Destination } from "../domain/catalog.ts";
import { heldReasonOf as whyHeld } from "../domain/gate.ts";

/** Why a new delivery to this destination has to wait; null when it may go at once. */
export function heldReasonOf(destination: Destination): string | null {
  return whyHeld(destination, null);
}

/** The lane of a tenant's replays: apart from its live traffic, so that a replay queues behind itself alone. */
export function replayLane(tenant: string): string {
  return `replay:${tenant}`;
}
