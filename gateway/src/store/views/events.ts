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

const FILTER = `e.tenant = $1 AND e.id < $2 AND e.id >= $3
      AND ($4::uuid IS NULL OR e.source_id = $4)
      AND ($5::text IS NULL OR e.event_type LIKE $5)
      AND ($6::uuid[] IS NULL OR e.id = ANY($6::uuid[]))
      AND (($7::text IS NULL AND $8::uuid IS NULL)
        OR EXISTS (SELECT 1 FROM holdfast.delivery d
                    WHERE d.bucket = e.bucket AND d.event_id = e.id
                      AND ($7::text IS NULL OR d.state = $7) AND ($8::uuid IS NULL OR d.destination_id = $8))
        OR EXISTS (SELECT 1 FROM holdfast.finished_delivery f
                    WHERE f.bucket = e.bucket AND f.event_id = e.id
                      AND ($7::text IS NULL OR f.state = $7) AND ($8::uuid IS NULL OR f.destination_id = $8)))`;

/**
 * A page of events, newest first, by the index on (tenant, id): the time is in the id, so a span of time is a span of ids
 * and reads only its partitions. Bodies are not read; their length stands in the row.
 * Parameters: tenant, before id (exclusive), from id (inclusive), source uuid or null, event type as LIKE pattern or null,
 * ids uuid[] or null, state of a delivery or null, destination uuid or null, limit.
 */
export const listEvents = cold<EventRow>(
  "list_events",
  `SELECT ${COLUMNS}
     FROM holdfast.event e
    WHERE ${FILTER}
    ORDER BY e.id DESC
    LIMIT $9`,
);

/**
 * How far a search through bodies may go: the lowest id whose body still fits into the bounds, the first one always. The
 * length of a body stands in its row, so none is read for this.
 * Parameters: the filter of `listEvents`, events int, bytes bigint.
 */
export const measureBodies = cold<{ lowest: string | null; looked: number; found: number }>(
  "measure_bodies",
  `SELECT (array_agg(w.id ORDER BY w.id) FILTER (WHERE w.bytes <= $10::bigint OR w.place = 1))[1] AS lowest,
          (count(*) FILTER (WHERE w.bytes <= $10::bigint OR w.place = 1))::int AS looked, count(*)::int AS found
     FROM (SELECT q.id, row_number() OVER (ORDER BY q.id DESC) AS place, sum(q.size) OVER (ORDER BY q.id DESC) AS bytes
             FROM (SELECT e.id, octet_length(e.body) AS size FROM holdfast.event e
                    WHERE ${FILTER} ORDER BY e.id DESC LIMIT $9) q) w`,
);

/**
 * Events whose body holds certain bytes somewhere, newest first, with the body: whoever asks looks closer.
 * Parameters: the filter of `listEvents`, limit, bytes (empty: every body).
 */
export const searchBodies = cold<EventRow & { body: Buffer }>(
  "search_bodies",
  `SELECT ${COLUMNS}, e.body
     FROM holdfast.event e
    WHERE ${FILTER} AND position($10::bytea IN e.body) > 0
    ORDER BY e.id DESC
    LIMIT $9`,
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
