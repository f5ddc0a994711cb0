import { hot } from "../statement.ts";

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
 * What is needed to deliver events: bytes, headers, names. The OFFSET keeps the look-up one for each, and the tenant makes one row
 * of what the list's index leads to: of a day that is still empty the planner takes either index, and by the id alone that
 * one would be read to its end for each event until the statistics know better (docs/decisions/0016).
 * Parameters: buckets int[], event ids uuid[], the longest body that is read int, tenants text[].
 */
export const findEvents = hot<EventBytesRow>(
  "find_events",
  `SELECT found.*
     FROM unnest($1::int[], $2::uuid[], $4::text[]) AS u(bucket, id, tenant)
     CROSS JOIN LATERAL (
       SELECT e.id, e.source_id, e.event_type, e.occurred_at, e.received_at, e.headers,
              octet_length(e.body) AS bytes, CASE WHEN octet_length(e.body) <= $3::int THEN e.body END AS body
         FROM holdfast.event e
        WHERE e.bucket = u.bucket AND e.id = u.id AND e.tenant = u.tenant/*shard*/ AND e.bucket = ANY($1::int[])/*.*/
       OFFSET 0) found`,
);
