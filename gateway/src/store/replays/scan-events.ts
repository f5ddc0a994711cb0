import { cold } from "../statement.ts";

export interface ScannedEvent {
  readonly bucket: number;
  readonly id: string;
  readonly source_id: string;
  readonly event_type: string | null;
  readonly event_key: Buffer;
  readonly provider_event_id: string | null;
  readonly occurred_at: Date | null;
  readonly received_at: Date;
  readonly verified_by: string;
  readonly secret_version: string | null;
  readonly method: string;
  readonly url: string;
  readonly remote_address: string;
  readonly body_bytes: number;
  /** Whether the stored body has its recorded SHA-256, reckoned anew. */
  readonly intact: boolean;
}

/**
 * A page of events in order of their ids, which is by time: a span of ids reads only its partitions.
 * Parameters: tenant, after id (exclusive), up to id (inclusive), sources uuid[] or null, ids uuid[] or null, limit.
 */
export const scanEvents = cold<ScannedEvent>(
  "scan_events",
  `SELECT e.bucket, e.id, e.source_id, e.event_type, e.event_key, e.provider_event_id, e.occurred_at, e.received_at,
          e.verified_by, e.secret_version, e.method, e.url, e.remote_address,
          octet_length(e.body) AS body_bytes, sha256(e.body) = e.body_sha256 AS intact
     FROM holdfast.event e
    WHERE e.tenant = $1 AND e.id > $2 AND e.id <= $3
      AND ($4::uuid[] IS NULL OR e.source_id = ANY($4::uuid[]))
      AND ($5::uuid[] IS NULL OR e.id = ANY($5::uuid[]))
    ORDER BY e.id LIMIT $6`,
);

/**
 * Where one look has to end, so that a filter which fits nothing cannot read everything: the id so many rows further on.
 * Parameters: tenant, after id (exclusive), before id (exclusive), rows.
 */
export const findEventCeiling = cold<{ id: string }>(
  "find_event_ceiling",
  "SELECT id FROM holdfast.event WHERE tenant = $1 AND id > $2 AND id < $3 ORDER BY id OFFSET $4 LIMIT 1",
);

/** The bytes of events, to be verified again. Parameters: tenant, buckets int[], ids uuid[]. */
export const readEventBytes = cold<{ id: string; headers: Buffer; body: Buffer }>(
  "read_event_bytes",
  `SELECT e.id, e.headers, e.body
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
     JOIN holdfast.event e ON e.bucket = u.bucket AND e.id = u.id
    WHERE e.tenant = $1`,
);

/**
 * Every delivery of these events, oldest first. No delivery is older than its event, so `floor`, the lowest id of the oldest
 * event's millisecond, leaves the partitions before it alone. Parameters: tenant, buckets int[], event ids uuid[], floor.
 */
export const listPairs = cold<{
  id: string;
  event_id: string;
  destination_id: string;
  key: string;
  state: string;
  trigger: string;
  retried_as: string | null;
  dismissed: boolean;
  /** What an unfinished delivery waits for; null where nothing holds it. */
  held_reason: string | null;
  order_key: string | null;
  order_at: number | null;
}>(
  "list_pairs",
  `SELECT x.* FROM (
     SELECT d.id, d.event_id, d.destination_id, d.key, d.state, d.trigger, NULL::uuid AS retried_as, false AS dismissed,
          d.held_reason, d.order_key, d.order_at
       FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
       JOIN holdfast.delivery d ON d.bucket = u.bucket AND d.event_id = u.id
      WHERE d.tenant = $1
     UNION ALL
     SELECT f.id, f.event_id, f.destination_id, f.key, f.state, f.trigger, f.retried_as, f.dismissed_at IS NOT NULL,
          NULL::text, f.order_key, f.order_at
       FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
       JOIN holdfast.finished_delivery f ON f.bucket = u.bucket AND f.event_id = u.id
      WHERE f.tenant = $1 AND f.id >= $4) x
    ORDER BY x.id`,
);
