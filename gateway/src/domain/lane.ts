/** A tenant's lane for what a source's selector found. A tenant's name has no slash in it, so no lane is another tenant's. */
export function laneOf(tenant: string, value: string | null): string {
  return value === null || value === "" ? tenant : `${tenant}/${value}`;
}

/** The lane of a lane's retries: they share with its fresh events, and neither can starve the other. */
export function retryLane(lane: string): string {
  return `retry:${lane}`;
}

/** The lane whose deliveries a retry lane's are, or null when it is no lane of retries. */
export function retriedLane(lane: string): string | null {
  return lane.startsWith("retry:") ? lane.slice("retry:".length) : null;
}

/**
 * The lane that a destination's held deliveries take their ranks from: they are out of the way of what their lane sends
 * elsewhere, and keep the lanes' order among themselves for when they are let in.
 */
export function heldLane(destinationId: string, lane: string): string {
  return `${destinationId} ${lane}`;
}

/** Whether a lane's deliveries are held, not ready. No tenant's name begins like this (a UUID and a space). */
export function isHeldLane(lane: string): boolean {
  return /^[0-9a-f-]{36} /.test(lane);
}
