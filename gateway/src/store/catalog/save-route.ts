import { cold } from "../statement.ts";

/** Parameters: id, tenant, name, source id, destination id, event types text[], priority or null, state, origin, now, policy jsonb. */
export const saveRoute = cold(
  "save_route",
  `INSERT INTO holdfast.route AS r (
     id, tenant, name, source_id, destination_id, event_types, priority, state, origin, created_at, updated_at,
     policy)
   VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9, $10, $10, $11::jsonb)
   ON CONFLICT (tenant, name) DO UPDATE
     SET source_id = excluded.source_id, destination_id = excluded.destination_id, event_types = excluded.event_types,
         priority = excluded.priority, state = excluded.state, origin = excluded.origin, updated_at = excluded.updated_at,
         policy = excluded.policy
   WHERE r.id = excluded.id`,
);
