import { cold } from "../statement.ts";

export interface SourceTrafficRow {
  readonly source_id: string;
  readonly recorded: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly unavailable: number;
  /** The minute of the last event, and of the last rejection. */
  readonly last_recorded: Date | null;
  readonly last_rejected: Date | null;
}

/** What came at each source of a tenant since a minute. Parameters: tenant, from. */
export const sumSourceTraffic = cold<SourceTrafficRow>(
  "sum_source_traffic",
  `SELECT source_id, sum(recorded)::bigint AS recorded, sum(duplicates)::bigint AS duplicates,
          sum(rejected)::bigint AS rejected, sum(unavailable)::bigint AS unavailable,
          max(minute) FILTER (WHERE recorded > 0) AS last_recorded,
          max(minute) FILTER (WHERE rejected > 0) AS last_rejected
     FROM holdfast.arrival_minute
    WHERE tenant = $1 AND minute >= $2
    GROUP BY source_id`,
);

export interface DestinationTrafficRow {
  readonly destination_id: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly latency_ms_sum: number;
  /** The minute of the last attempt. */
  readonly last_tried: Date | null;
}

/** How the attempts at each destination of a tenant went since a minute. Parameters: tenant, from. */
export const sumDestinationTraffic = cold<DestinationTrafficRow>(
  "sum_destination_traffic",
  `SELECT h.destination_id, sum(h.succeeded)::bigint AS succeeded, sum(h.failed)::bigint AS failed,
          sum(h.latency_ms_sum)::bigint AS latency_ms_sum, max(h.minute) AS last_tried
     FROM holdfast.destination_health h
     JOIN holdfast.destination d ON d.id = h.destination_id
    WHERE d.tenant = $1 AND h.minute >= $2
    GROUP BY h.destination_id`,
);
