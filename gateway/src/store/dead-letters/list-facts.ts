import { cold } from "../statement.ts";

export interface DeadRow {
  readonly id: string;
  readonly event_id: string;
  readonly destination_id: string;
  readonly reason: string;
  readonly finished_at: Date;
}

const COLUMNS = "f.id, f.event_id, f.destination_id, f.reason, f.finished_at";

/** The newest dead letters that are open, by their own index. Parameters: tenant, before id (exclusive), destination uuid or null, limit. */
export const listOpenRows = cold<DeadRow>(
  "list_open_rows",
  `SELECT ${COLUMNS}
     FROM holdfast.finished_delivery f
    WHERE f.tenant = $1 AND f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL AND f.id < $2
      AND ($3::uuid IS NULL OR f.destination_id = $3)
    ORDER BY f.id DESC LIMIT $4`,
);

/** The same of those that were dismissed, by an index of theirs. */
export const listDismissedRows = cold<DeadRow>(
  "list_dismissed_rows",
  `SELECT ${COLUMNS}
     FROM holdfast.finished_delivery f
    WHERE f.tenant = $1 AND f.dismissed_at IS NOT NULL AND f.id < $2
      AND ($3::uuid IS NULL OR f.destination_id = $3)
    ORDER BY f.id DESC LIMIT $4`,
);

/** The same by their ids. Parameters: tenant, buckets int[], ids uuid[], whether dismissed. */
export const pickDeadRows = cold<DeadRow>(
  "pick_dead_rows",
  `SELECT ${COLUMNS}
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
     JOIN holdfast.finished_delivery f ON f.bucket = u.bucket AND f.id = u.id
    WHERE f.tenant = $1 AND f.state = 'dead' AND f.retried_as IS NULL AND (f.dismissed_at IS NOT NULL) = $4::boolean
    ORDER BY f.id DESC`,
);

export interface LastWordsRow {
  readonly id: string;
  readonly source_id: string | null;
  readonly event_type: string | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly detail: string | null;
  readonly said: Buffer | null;
}

/**
 * What the last attempt of each delivery came to, how the answer began, and what its event is. No attempt that matters stands
 * below a delivery's floor or from its ceiling on: with them only its own partitions are looked at. `LIMIT 1` keeps both looks
 * one for each delivery; joined freely, every event that is stored is read (measured: 2 GB for 10,000 of 1,000,000).
 * Parameters: buckets int[], ids uuid[], event ids uuid[], floors uuid[], ceilings uuid[].
 */
export const listLastWords = cold<LastWordsRow>(
  "list_last_words",
  `SELECT u.id, e.source_id, e.event_type, a.outcome, a.status, a.detail, a.said
     FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) AS u(bucket, id, event_id, floor, ceiling)
     LEFT JOIN LATERAL (
       SELECT t.outcome, t.status, t.detail, substring(t.response_body FROM 1 FOR 256) AS said
         FROM holdfast.attempt t
        WHERE t.bucket = u.bucket AND t.delivery_id = u.id AND t.id >= u.floor AND t.id < u.ceiling
        ORDER BY t.number DESC, t.id DESC LIMIT 1) a ON true
     LEFT JOIN LATERAL (
       SELECT v.source_id, v.event_type FROM holdfast.event v WHERE v.bucket = u.bucket AND v.id = u.event_id LIMIT 1) e
       ON true`,
);
