import { cold } from "../statement.ts";

export interface NewestEventRow {
  readonly id: string;
  readonly source_id: string;
  readonly event_type: string | null;
  readonly provider_event_id: string | null;
  readonly received_at: Date;
}

/** Events from an id on, oldest first. Parameters: tenant, from id, limit. */
export const listEventsFrom = cold<NewestEventRow>(
  "list_events_from",
  `SELECT e.id, e.source_id, e.event_type, e.provider_event_id, e.received_at
     FROM holdfast.event e WHERE e.tenant = $1 AND e.id >= $2 ORDER BY e.id LIMIT $3`,
);

export interface DeliveryStateRow {
  readonly id: string;
  readonly event_id: string;
  readonly destination_id: string;
  readonly state: string;
  readonly attempt: number;
}

/** How the deliveries of the newest events stand, finished ones too. Parameters: tenant, from event id, events at most. */
export const listNewestStates = cold<DeliveryStateRow>(
  "list_newest_states",
  `WITH e AS (SELECT v.bucket, v.id FROM holdfast.event v WHERE v.tenant = $1 AND v.id >= $2 ORDER BY v.id DESC LIMIT $3)
   SELECT d.id, d.event_id, d.destination_id, d.state, d.attempt
     FROM e JOIN holdfast.delivery d ON d.bucket = e.bucket AND d.event_id = e.id
   UNION ALL
   SELECT f.id, f.event_id, f.destination_id, f.state, f.attempt
     FROM e JOIN holdfast.finished_delivery f ON f.bucket = e.bucket AND f.event_id = e.id AND f.id >= $2`,
);
