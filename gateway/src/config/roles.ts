/** What a process does: takes webhooks in, delivers them, serves the admin API. */
export const ROLES = ["ingest", "worker", "admin"] as const;
export type Role = (typeof ROLES)[number];
