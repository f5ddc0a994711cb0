import { cold } from "../statement.ts";

export interface ScannedRejection {
  readonly bucket: number;
  readonly id: string;
  readonly source_id: string;
  readonly received_at: Date;
  readonly reason: string;
  readonly method: string;
  readonly url: string;
  readonly remote_address: string;
  readonly body_bytes: number;
  readonly intact: boolean;
  /** The event that it became before; null while it is none. */
  readonly event_id: string | null;
}

/**
 * A page of rejections in order of their ids. Parameters: tenant, after id (exclusive), up to id (inclusive), sources uuid[]
 * or null, ids uuid[] or null, reasons text[] or null, limit.
 */
export const scanRejections = cold<ScannedRejection>(
  "scan_rejections",
  `SELECT r.bucket, r.id, r.source_id, r.received_at, r.reason, r.method, r.url, r.remote_address,
          octet_length(r.body) AS body_bytes, sha256(r.body) = r.body_sha256 AS intact, r.event_id
     FROM holdfast.rejection r
    WHERE r.tenant = $1 AND r.id > $2 AND r.id <= $3
      AND ($4::uuid[] IS NULL OR r.source_id = ANY($4::uuid[]))
      AND ($5::uuid[] IS NULL OR r.id = ANY($5::uuid[]))
      AND ($6::text[] IS NULL OR r.reason = ANY($6::text[]))
    ORDER BY r.id LIMIT $7`,
);

/** Parameters: tenant, after id (exclusive), before id (exclusive), rows. */
export const findRejectionCeiling = cold<{ id: string }>(
  "find_rejection_ceiling",
  "SELECT id FROM holdfast.rejection WHERE tenant = $1 AND id > $2 AND id < $3 ORDER BY id OFFSET $4 LIMIT 1",
);

/** Parameters: tenant, buckets int[], ids uuid[]. */
export const readRejectionBytes = cold<{ id: string; headers: Buffer; body: Buffer }>(
  "read_rejection_bytes",
  `SELECT r.id, r.headers, r.body
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
     JOIN holdfast.rejection r ON r.bucket = u.bucket AND r.id = u.id
    WHERE r.tenant = $1`,
);

/** Links rejections to the events that they became. Parameters: buckets int[], ids uuid[], event ids uuid[], replay uuid. */
export const linkRejections = cold<{ id: string }>(
  "link_rejections",
  `UPDATE holdfast.rejection r SET event_id = u.event_id, replay_id = $4
     FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, id, event_id)
    WHERE r.bucket = u.bucket AND r.id = u.id AND r.event_id IS NULL
   RETURNING r.id`,
);

/** What refused an event before a replay made it one. Parameters: tenant, event id. */
export const listRejectionsOfEvent = cold<{ id: string; received_at: Date; reason: string; replay_id: string }>(
  "list_rejections_of_event",
  `SELECT r.id, r.received_at, r.reason, r.replay_id
     FROM holdfast.rejection r WHERE r.tenant = $1 AND r.event_id = $2 ORDER BY r.id LIMIT 20`,
);
