import type { Throttle, ThrottleAction, ThrottleScope } from "../../domain/throttle.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** Those that have not ended. Bounded: a tenant has at most one for each class and source. */
const selectThrottles = cold<{
  tenant: string;
  scope: ThrottleScope;
  target: string;
  action: ThrottleAction;
  admit_percent: number | null;
  reason: string | null;
  set_at: Date;
  until: Date;
}>(
  "list_throttles",
  `SELECT tenant, scope, target, action, admit_percent, reason, set_at, until
     FROM holdfast.throttle WHERE until > now() ORDER BY tenant, scope, target LIMIT 10000`,
);

/** The throttles of all tenants that are in force. */
export async function listThrottles(db: Queryable): Promise<Throttle[]> {
  return (await db.run(selectThrottles, [])).rows.map((row) => ({
    tenant: row.tenant,
    scope: row.scope,
    target: row.target,
    action: row.action,
    admitPercent: row.admit_percent,
    reason: row.reason,
    setAt: row.set_at,
    until: row.until,
  }));
}
