import type { Owners } from "../../domain/alert.ts";
import type { RuleChanges } from "../../domain/alert-rules.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** A tenant's changes to the rules, and who is told of which source. */
export interface AlertSettings {
  readonly rules: RuleChanges;
  readonly owners: Owners;
}

const listSettings = cold<{ tenant: string; rules: RuleChanges; owners: Owners }>(
  "list_alert_settings",
  "SELECT tenant, rules, owners FROM holdfast.alert_setting",
);

/** Parameters: tenant, rules jsonb or null to keep them, owners jsonb or null to keep them, now. */
export const saveAlertSettings = cold(
  "save_alert_settings",
  `INSERT INTO holdfast.alert_setting AS s (tenant, rules, owners, updated_at)
   VALUES ($1, coalesce($2::jsonb, '{}'), coalesce($3::jsonb, '{}'), $4)
   ON CONFLICT (tenant) DO UPDATE
     SET rules = coalesce($2::jsonb, s.rules), owners = coalesce($3::jsonb, s.owners), updated_at = $4`,
);

export const NO_ALERT_SETTINGS: AlertSettings = { rules: {}, owners: {} };

/** Every tenant's settings; one that has none goes by the defaults. */
export async function loadAlertSettings(db: Queryable): Promise<ReadonlyMap<string, AlertSettings>> {
  const { rows } = await db.run(listSettings, []);
  return new Map(rows.map(({ tenant, rules, owners }) => [tenant, { rules, owners }]));
}
