/** What a process does: takes webhooks in, delivers them, serves the admin API; or of that what watches it asks for, alone. */
export const ROLES = ["ingest", "worker", "admin", "metrics"] as const;
export type Role = (typeof ROLES)[number];

/** What one process alone does. The admin API has the metrics in it. */
export const DEFAULT_ROLES: readonly Role[] = ["ingest", "worker", "admin"];

/** The roles that only one of several processes on the same ports can have. */
export function isServedOnce(role: Role): boolean {
  return role === "admin" || role === "metrics";
}
