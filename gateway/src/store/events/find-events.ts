import { hot, keyOf } from "../statement.ts";

export interface EventBytesRow {
  readonly id: string;
  readonly source_id: string;
  readonly event_type: string | null;
  readonly occurred_at: Date | null;
  readonly received_at: Date;
  readonly headers: Buffer;
  /** How long the body is; known without reading it. */
  readonly bytes: number;
  /** null: it is longer than was asked for. */
  readonly body: Buffer | null;
}

/**
 * What is needed to deliver events: bytes, headers, names. Parameters: buckets int[], event ids uuid[], the longest body that is
 * read int.
 */
export const findEvents = hot<EventBytesRow>(
  "find_events",
  `SELECT e.id, e.source_id, e.event_type, e.occurred_at, e.received_at, e.headers,
          octet_length(e.body) AS bytes, CASE WHEN octet_length(e.body) <= $3::int THEN e.body END AS body
     FROM holdfast.event e
     JOIN unnest($1::int[], $2::uuid[]) AS u(bucket, id) ON e.bucket = ${keyOf("u.bucket")} AND e.id = u.id
    /*shard*/WHERE e.bucket = ANY($1::int[])/*.*/`,
);
