import { cold } from "../statement.ts";

/** An event without its bytes. */
export interface EventRow {
  readonly id: string;
  readonly source_id: string;
  readonly provider_event_id: string | null;
  readonly event_type: string | null;
  readonly payload_version: string | null;
  readonly occurred_at: Date | null;
  readonly signed_at: Date | null;
  readonly received_at: Date;
  readonly verified_by: string;
  readonly secret_version: string | null;
  readonly method: string;
  readonly url: string;
  readonly remote_address: string;
  readonly body_bytes: number;
  readonly body_sha256: Buffer;
}

const COLUMNS = `e.id, e.source_id, e.provider_event_id, e.event_type, e.payload_version, e.occurred_at, e.signed_at,
          e.received_at, e.verified_by, e.secret_version, e.method, e.url, e.remote_address,
          octet_length(e.body) AS body_bytes, e.body_sha256`;

/**
 * A page of events, newest first, by the index on (tenant, id): the time is in the id, so a span of time is a span of ids
 * and reads only its partitions. Bodies are not read; their length stands in the row.
 * Parameters: tenant, before id (exclusive), from id (inclusive), source uuid or null, event type as LIKE pattern or null, limit.
 */
export const listEvents = cold<EventRow>(
  "list_events",
  `SELECT ${COLUMNS}
     FROM holdfast.event e
    WHERE e.tenant = $1 AND e.id < $2 AND e.id >= $3
      AND ($4::uuid IS NULL OR e.source_id = $4)
      AND ($5::text IS NULL OR e.event_type LIKE $5)
    ORDER BY e.id DESC
    LIMIT $6`,
);

/** Events by id, newest first. Parameters: tenant, buckets int[], ids uuid[]. */
export const pickEvents = cold<EventRow>(
  "pick_events",
  `SELECT ${COLUMNS}
     FROM holdfast.event e
    WHERE e.tenant = $1 AND (e.bucket, e.id) IN (SELECT u.bucket, u.id FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id))
    ORDER BY e.id DESC`,
);

/** The request as it was recorded. Parameters: tenant, bucket, id. */
export const findEventRequest = cold<{
  method: string;
  url: string;
  remote_address: string;
  received_at: Date;
  headers: Buffer;
  body: Buffer;
  body_sha256: Buffer;
}>(
  "find_event_request",
  `SELECT method, url, remote_address, received_at, headers, body, body_sha256
     FROM holdfast.event WHERE tenant = $1 AND bucket = $2 AND id = $3`,
);

export interface DuplicateRow {
  readonly event_id: string;
  readonly count: number;
  readonly variants: number;
  readonly variant_sha256: Buffer | null;
  readonly first_at: Date;
  readonly last_at: Date;
}

/** How often each of these events came again. Parameters: buckets int[], event ids uuid[]. */
export const listDuplicates = cold<DuplicateRow>(
  "list_duplicates",
  `SELECT d.event_id, d.count, d.variants, d.variant_sha256, d.first_at, d.last_at
     FROM holdfast.duplicate d
    WHERE (d.bucket, d.event_id) IN (SELECT u.bucket, u.id FROM unnest($1::int[], $2::uuid[]) AS u(bucket, id))`,
);
