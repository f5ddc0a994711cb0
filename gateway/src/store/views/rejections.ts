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
}

const COLUMNS = `r.id, r.source_id, r.received_at, r.status, r.reason, r.diagnosis, r.method, r.url, r.remote_address,
          octet_length(r.body) AS body_bytes, r.body_sha256`;

/**
 * A page of rejections, newest first, without their bytes.
 * Parameters: tenant, before id (exclusive), source uuid or null, reason or null, limit, lowest id.
 */
export const listRejections = cold<RejectionRow>(
  "list_rejections",
  `SELECT ${COLUMNS}
     FROM holdfast.rejection r
    WHERE r.tenant = $1 AND r.id < $2 AND r.id >= $6
      AND ($3::uuid IS NULL OR r.source_id = $3)
      AND ($4::text IS NULL OR r.reason = $4)
    ORDER BY r.id DESC
    LIMIT $5`,
);

/** One rejection with its request as it came. Parameters: tenant, bucket, id. */
export const findRejection = cold<RejectionRow & { headers: Buffer; body: Buffer }>(
  "find_rejection",
  `SELECT ${COLUMNS}, r.headers, r.body FROM holdfast.rejection r WHERE r.tenant = $1 AND r.bucket = $2 AND r.id = $3`,
);
