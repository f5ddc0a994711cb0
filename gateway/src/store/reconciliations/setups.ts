import type { Origin } from "../../domain/catalog.ts";
import type { ConnectorOptions } from "../../domain/connector.ts";
import type { Reconciliation } from "../../domain/reconciliation.ts";
import { bindReconciliationSecret } from "../../domain/secret-binding.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

interface SetupRow {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly source_id: string;
  readonly connector: ConnectorOptions;
  readonly sealed_secret: Buffer | null;
  readonly event_types: string[];
  readonly schedule: string | null;
  readonly lookback_sec: number;
  readonly overlap_sec: number;
  readonly lag_sec: number;
  readonly redelivery_wait_sec: number;
  readonly redeliver: boolean;
  readonly state: Reconciliation["state"];
  readonly origin: Origin;
  readonly next_due_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Parameters: tenant or null for every tenant's, id or null for all. At most 1,000 of a tenant exist. */
const listSetups = cold<SetupRow & Record<string, unknown>>(
  "list_reconciliations",
  `SELECT id, tenant, name, source_id, connector, sealed_secret, event_types, schedule, lookback_sec, overlap_sec, lag_sec,
          redelivery_wait_sec, redeliver, state, origin, next_due_at, created_at, updated_at
     FROM holdfast.reconciliation
    WHERE ($1::text IS NULL OR tenant = $1) AND ($2::uuid IS NULL OR id = $2)
    ORDER BY tenant, name`,
);

/**
 * Parameters: id, tenant, name, source id, connector jsonb, sealed secret or null to keep what is stored, event types, schedule,
 * lookback, overlap, lag, redelivery wait in seconds, redeliver, state, origin, now.
 */
export const saveSetup = cold(
  "save_reconciliation",
  `INSERT INTO holdfast.reconciliation AS r (
     id, tenant, name, source_id, connector, sealed_secret, event_types, schedule, lookback_sec, overlap_sec, lag_sec,
     redelivery_wait_sec, redeliver, state, origin, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
   ON CONFLICT (tenant, name) DO UPDATE
     SET source_id = excluded.source_id, connector = excluded.connector,
         sealed_secret = coalesce(excluded.sealed_secret, r.sealed_secret), event_types = excluded.event_types,
         schedule = excluded.schedule, lookback_sec = excluded.lookback_sec, overlap_sec = excluded.overlap_sec,
         lag_sec = excluded.lag_sec, redelivery_wait_sec = excluded.redelivery_wait_sec, redeliver = excluded.redeliver,
         state = excluded.state, origin = excluded.origin, updated_at = excluded.updated_at,
         next_due_at = CASE WHEN r.schedule IS NOT DISTINCT FROM excluded.schedule AND excluded.state = r.state THEN r.next_due_at END
   WHERE r.id = excluded.id`,
);

/** Parameters: id, when it was due (as it was read; null for never), when it is due next. Changes nothing when another process was first. */
export const moveNextDue = cold(
  "move_reconciliation_due",
  "UPDATE holdfast.reconciliation SET next_due_at = $3 WHERE id = $1 AND next_due_at IS NOT DISTINCT FROM $2",
);

/** Reads what is configured, with its secret opened where that can be. */
export async function loadSetups(
  db: Queryable,
  box: SecretsBox,
  which: { readonly tenant?: string; readonly id?: string } = {},
): Promise<Reconciliation[]> {
  const { rows } = await db.run(listSetups, [which.tenant ?? null, which.id ?? null]);
  return rows.map((row) => {
    const secret = row.sealed_secret === null ? null : openSecret(box, row, row.sealed_secret);
    return {
      id: row.id,
      tenant: row.tenant,
      name: row.name,
      sourceId: row.source_id,
      connector: row.connector,
      secret,
      secretUnreadable: row.sealed_secret !== null && secret === null,
      eventTypes: row.event_types,
      schedule: row.schedule,
      lookbackSec: row.lookback_sec,
      overlapSec: row.overlap_sec,
      lagSec: row.lag_sec,
      redeliveryWaitSec: row.redelivery_wait_sec,
      redeliver: row.redeliver,
      state: row.state,
      origin: row.origin,
      nextDueAt: row.next_due_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
}

function openSecret(box: SecretsBox, row: { readonly tenant: string; readonly id: string }, sealed: Uint8Array) {
  const opened = box.open(sealed, bindReconciliationSecret(row.tenant, row.id));
  return opened.ok ? Buffer.from(opened.plain).toString("utf8") : null;
}

/** Sealed secrets after a place in their order. Parameters: id, limit. */
export const listSealedSetups = cold<{ id: string; tenant: string; sealed_secret: Buffer }>(
  "list_sealed_reconciliations",
  `SELECT id, tenant, sealed_secret FROM holdfast.reconciliation
    WHERE id > $1 AND sealed_secret IS NOT NULL ORDER BY id LIMIT $2`,
);

/** Parameters: id, sealed before, sealed after. Changes nothing when it was changed meanwhile. */
export const resealSetup = cold(
  "reseal_reconciliation",
  "UPDATE holdfast.reconciliation SET sealed_secret = $3 WHERE id = $1 AND sealed_secret = $2",
);
