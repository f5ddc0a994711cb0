import { cold } from "../statement.ts";

/** An attempt without the answer's bytes. */
export interface AttemptRow {
  readonly id: string;
  readonly delivery_id: string;
  readonly number: number;
  readonly outcome: string;
  readonly status: number | null;
  readonly detail: string | null;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly next_state: string;
  readonly next_due_at: Date | null;
  readonly worker: string;
}

const COLUMNS = `a.id, a.delivery_id, a.number, a.outcome, a.status, a.detail, a.started_at, a.duration_ms, a.next_state,
          a.next_due_at, a.worker`;

/** Attempts of deliveries of one bucket, by number: two ids may be made in the same millisecond. Parameters: bucket, delivery ids uuid[], limit. */
export const listAttempts = cold<AttemptRow>(
  "list_attempts",
  `SELECT ${COLUMNS}
     FROM holdfast.attempt a
    WHERE a.bucket = $1 AND a.delivery_id = ANY($2::uuid[])
    ORDER BY a.number, a.id
    LIMIT $3`,
);

/** The same with what the destination answered. Parameters: bucket, delivery id, limit. */
export const listAnsweredAttempts = cold<
  AttemptRow & { response_headers: Buffer | null; response_body: Buffer | null; response_truncated: boolean }
>(
  "list_answered_attempts",
  `SELECT ${COLUMNS}, a.response_headers, a.response_body, a.response_truncated
     FROM holdfast.attempt a
    WHERE a.bucket = $1 AND a.delivery_id = $2
    ORDER BY a.number, a.id
    LIMIT $3`,
);

/** The newest attempt of each delivery. Parameters: buckets int[], delivery ids uuid[]. */
export const listLastAttempts = cold<AttemptRow>(
  "list_last_attempts",
  `SELECT x.*
     FROM unnest($1::int[], $2::uuid[]) AS u(bucket, id)
     CROSS JOIN LATERAL (
       SELECT ${COLUMNS}
         FROM holdfast.attempt a
        WHERE a.bucket = u.bucket AND a.delivery_id = u.id
        ORDER BY a.number DESC, a.id DESC LIMIT 1) x`,
);
