/** What somebody may do, each role all that the ones before it may. */
export const ROLES = ["viewer", "responder", "operator", "admin"] as const;

/**
 * `viewer` looks; `responder` retries and replays; `operator` changes the configuration; `admin` decides who may do what and
 * holds the keys.
 */
export type Role = (typeof ROLES)[number];

/** Whether a role includes another. */
export function includesRole(held: Role, needed: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(needed);
}
