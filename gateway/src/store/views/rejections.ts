import { cold } from "../statement.ts";

export interface RejectionRow {
  readonly id: string;
  readonly source_id: string;
  readonly received_at: Date;
  readonly status: number;
  readonly reason: string;
  readonly diagnosis: unknown;
  readonly method: string;
  readonly url: string;
  readonly remote_address: string;
  readonly body_bytes: number;
  readonly body_sha256: Buffer;
  /** The event that a replay made of it, and that replay; null while it is none. */
  readonly event_id: string | null;
  readonly replay_id: string | null;
}

const COLUMNS = `r.id, r.source_id, r.received_at, r.status, r.reason, r.diagnosis, r.method, r.url, r.remote_address,
          octet_length(r.body) AS body_bytes, r.body_sha256, r.event_id, r.replay_id`;

const FILTER = `r.tenant = $1 AND r.id < $2 AND r.id >= $3
      AND ($4::uuid IS NULL OR r.source_id = $4)
      AND ($5::text IS NULL OR r.reason = $5)
      AND ($6::text IS NULL OR coalesce(r.diagnosis->>'likelyCause', 'unknown') = $6)`;

/**
 * A page of rejections, newest first, without their bytes.
 * Parameters: tenant, before id (exclusive), from id (inclusive), source uuid or null, reason or null, likely cause or null
 * (`unknown`: none was found), limit.
 */
export const listRejections = cold<RejectionRow>(
  "list_rejections",
  `SELECT ${COLUMNS} FROM holdfast.rejection r WHERE ${FILTER} ORDER BY r.id DESC LIMIT $7`,
);

export interface RejectionGroupRow {
  readonly source_id: string;
  readonly reason: string;
  readonly cause: string;
  readonly count: number;
  /** How many of them a replay has made events of. */
  readonly replayed: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly sample: string;
}

/** The newest rejections by source, reason and likely cause, the largest group first. Parameters: the filter, rows to go through. */
export const groupRejections = cold<RejectionGroupRow>(
  "group_rejections",
  `SELECT q.source_id, q.reason, q.cause, count(*)::int AS count, count(q.event_id)::int AS replayed,
          min(q.received_at) AS first_at, max(q.received_at) AS last_at, (array_agg(q.id ORDER BY q.id DESC))[1] AS sample
     FROM (SELECT r.id, r.source_id, r.reason, r.event_id, r.received_at,
                  coalesce(r.diagnosis->>'likelyCause', 'unknown') AS cause
             FROM holdfast.rejection r WHERE ${FILTER} ORDER BY r.id DESC LIMIT $7) q
    GROUP BY q.source_id, q.reason, q.cause
    ORDER BY count(*) DESC, max(q.id::text) DESC`,
);

/** One rejection with its request as it came. Parameters: tenant, bucket, id. */
export const findRejection = cold<RejectionRow & { headers: Buffer; body: Buffer }>(
  "find_rejection",
  `SELECT ${COLUMNS}, r.headers, r.body FROM holdfast.rejection r WHERE r.tenant = $1 AND r.bucket = $2 AND r.id = $3`,
);
