import type { AlertChannel, ChannelAddress } from "../../domain/alert-channel.ts";
import type { Severity } from "../../domain/alert-rules.ts";
import type { Origin } from "../../domain/catalog.ts";
import { bindAlertChannel } from "../../domain/secret-binding.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

interface ChannelRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly address: ChannelAddress;
  readonly sealed_secret: Buffer | null;
  readonly severities: Severity[];
  readonly state: AlertChannel["state"];
  readonly origin: Origin;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Parameter: tenant, or null for every tenant's. At most 100 of a tenant exist. */
const listChannels = cold<ChannelRow>(
  "list_alert_channels",
  `SELECT id, tenant, name, address, sealed_secret, severities, state, origin, created_at, updated_at
     FROM holdfast.alert_channel WHERE $1::text IS NULL OR tenant = $1 ORDER BY tenant, name`,
);

/** Parameters: id, tenant, name, kind, address jsonb, sealed secret or null to keep what is stored, severities text[], state, origin, now. */
export const saveChannel = cold(
  "save_alert_channel",
  `INSERT INTO holdfast.alert_channel AS c (id, tenant, name, kind, address, sealed_secret, severities, state, origin, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $10)
   ON CONFLICT (tenant, name) DO UPDATE
     SET kind = excluded.kind, address = excluded.address,
         sealed_secret = coalesce(excluded.sealed_secret, CASE WHEN c.kind = excluded.kind THEN c.sealed_secret END),
         severities = excluded.severities, state = excluded.state, origin = excluded.origin, updated_at = excluded.updated_at
   WHERE c.id = excluded.id`,
);

/** Reads the channels, their secrets opened where that can be. */
export async function loadChannels(db: Queryable, box: SecretsBox, tenant: string | null): Promise<AlertChannel[]> {
  return (await db.run(listChannels, [tenant])).rows.map((row) => {
    const opened =
      row.sealed_secret === null ? null : box.open(row.sealed_secret, bindAlertChannel(row.tenant, row.id));
    return {
      id: row.id,
      tenant: row.tenant,
      name: row.name,
      address: row.address,
      secret: opened?.ok === true ? Buffer.from(opened.plain).toString("utf8") : null,
      secretUnreadable: opened !== null && !opened.ok,
      severities: row.severities,
      state: row.state,
      origin: row.origin,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
}

/** Sealed secrets after a place in their order. Parameters: id, limit. */
export const listSealedChannels = cold<{ id: string; tenant: string; sealed_secret: Buffer }>(
  "list_sealed_alert_channels",
  `SELECT id, tenant, sealed_secret FROM holdfast.alert_channel
    WHERE id > $1 AND sealed_secret IS NOT NULL ORDER BY id LIMIT $2`,
);

/** Parameters: id, sealed before, sealed after. Changes nothing when it was changed meanwhile. */
export const resealChannel = cold(
  "reseal_alert_channel",
  "UPDATE holdfast.alert_channel SET sealed_secret = $3 WHERE id = $1 AND sealed_secret = $2",
);
