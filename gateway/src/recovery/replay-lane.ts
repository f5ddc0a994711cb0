/** The lane of a tenant's replays: apart from its live traffic, so that a replay queues behind itself alone. */
export function replayLane(tenant: string): string {
  return `replay:${tenant}`;
}
