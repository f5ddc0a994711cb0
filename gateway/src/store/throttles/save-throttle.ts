import { cold } from "../statement.ts";

/**
 * Sets a throttle, in place of the one that its target had.
 * Parameters: tenant, scope, target, action, admit percent int or null, reason or null, set at, until.
 */
export const saveThrottle = cold(
  "save_throttle",
  `INSERT INTO holdfast.throttle (tenant, scope, target, action, admit_percent, reason, set_at, until)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (tenant, scope, target) DO UPDATE
     SET action = excluded.action, admit_percent = excluded.admit_percent, reason = excluded.reason,
         set_at = excluded.set_at, until = excluded.until`,
);

/** Ends a throttle. Parameters: tenant, scope, target. */
export const deleteThrottle = cold(
  "delete_throttle",
  "DELETE FROM holdfast.throttle WHERE tenant = $1 AND scope = $2 AND target = $3",
);

/** Removes what has ended by itself. Parameter: tenant. */
export const deleteEndedThrottles = cold(
  "delete_ended_throttles",
  "DELETE FROM holdfast.throttle WHERE tenant = $1 AND until <= now()",
);
