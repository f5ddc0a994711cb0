import { cold } from "../statement.ts";

/**
 * Adds counts to their minutes; sorted, so that processes which write the same rows wait for each other and cannot deadlock.
 * Parameters: source ids uuid[], minutes timestamptz[], tenants text[], recorded bigint[], duplicates bigint[], rejected
 * bigint[], unavailable bigint[].
 */
export const addArrivalMinutes = cold(
  "add_arrival_minutes",
  `INSERT INTO holdfast.arrival_minute AS m (source_id, minute, tenant, recorded, duplicates, rejected, unavailable)
   SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
     AS u(source_id, minute, tenant, recorded, duplicates, rejected, unavailable)
    ORDER BY u.source_id, u.minute
   ON CONFLICT (source_id, minute) DO UPDATE
      SET recorded = m.recorded + excluded.recorded, duplicates = m.duplicates + excluded.duplicates,
          rejected = m.rejected + excluded.rejected, unavailable = m.unavailable + excluded.unavailable`,
);

export interface ArrivalMinuteRow {
  readonly minute: Date;
  readonly recorded: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly unavailable: number;
}

/** A tenant's arrivals by minute, oldest first. Parameters: tenant, from, source id or null. */
export const listArrivalMinutes = cold<ArrivalMinuteRow>(
  "list_arrival_minutes",
  `SELECT minute, sum(recorded)::bigint AS recorded, sum(duplicates)::bigint AS duplicates,
          sum(rejected)::bigint AS rejected, sum(unavailable)::bigint AS unavailable
     FROM holdfast.arrival_minute
    WHERE tenant = $1 AND minute >= $2 AND ($3::uuid IS NULL OR source_id = $3)
    GROUP BY minute ORDER BY minute`,
);

export interface AttemptMinuteRow {
  readonly minute: Date;
  readonly succeeded: number;
  readonly failed: number;
  readonly latency_ms_sum: number;
}

/** A tenant's attempts by minute, oldest first. Parameters: tenant, from, destination id or null. */
export const listAttemptMinutes = cold<AttemptMinuteRow>(
  "list_attempt_minutes",
  `SELECT h.minute, sum(h.succeeded)::bigint AS succeeded, sum(h.failed)::bigint AS failed,
          sum(h.latency_ms_sum)::bigint AS latency_ms_sum
     FROM holdfast.destination_health h
     JOIN holdfast.destination d ON d.id = h.destination_id
    WHERE d.tenant = $1 AND h.minute >= $2 AND ($3::uuid IS NULL OR d.id = $3)
    GROUP BY h.minute ORDER BY h.minute`,
);

/**
 * Forgets minutes, so many at a time. By tenant, since that is what the index of minutes begins with: without it all of the table is
 * read each time (PostgreSQL 18 alone passes over a first column). Parameters: before, limit.
 */
export const forgetArrivalMinutes = cold(
  "forget_arrival_minutes",
  `DELETE FROM holdfast.arrival_minute
    WHERE ctid = ANY (ARRAY(
      SELECT o.place
        FROM holdfast.tenant t
       CROSS JOIN LATERAL (SELECT a.ctid AS place FROM holdfast.arrival_minute a
                            WHERE a.tenant = t.id AND a.minute < $1 ORDER BY a.minute LIMIT $2) o
       LIMIT $2))`,
);
