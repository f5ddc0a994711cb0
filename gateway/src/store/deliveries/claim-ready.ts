import { hot } from "../statement.ts";

export interface LeasedRow {
  readonly bucket: number;
  readonly id: string;
  readonly tenant: string;
  readonly event_id: string;
  readonly destination_id: string;
  readonly key: string;
  readonly trigger: string;
  readonly attempt: number;
  readonly refusals: number;
  readonly priority: number;
  readonly rank: number;
  readonly lane: string;
  readonly permit: boolean;
  readonly order_key: string | null;
}

/**
 * Leases the most urgent ready deliveries: strict priority, then rank, one scan of the partial index; SKIP LOCKED keeps
 * workers apart. The attempt is counted here, so that a delivery which kills its worker still comes to an end. The CTE is
 * a fence: as a subquery the planner may run the LIMIT more than once. The rows are found by their place, which the lock keeps:
 * by their key alone a plan that was made while the table was empty reads all of it for each claim (docs/decisions/0009).
 * Parameters: limit int, lease uuid, lease deadline timestamptz; on a cluster also buckets int[] of one shard.
 */
export const claimReady = hot<LeasedRow>(
  "claim_ready",
  `WITH due AS MATERIALIZED (
     SELECT q.bucket, q.id, q.ctid AS place FROM holdfast.delivery q
      WHERE q.state = 'ready'/*shard*/ AND q.bucket = ANY($4::int[])/*.*/
      ORDER BY q.priority, q.rank
      LIMIT $1 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d
      SET state = 'leased', lease = $2, lease_until = $3, attempt = d.attempt + 1
     FROM due
    WHERE/*shard*/ d.bucket = ANY($4::int[]) AND/*.*/ d.bucket = due.bucket AND d.id = due.id AND d.ctid = due.place
   RETURNING d.bucket, d.id, d.tenant, d.event_id, d.destination_id, d.key, d.trigger, d.attempt, d.refusals,
             d.priority, d.rank, d.lane, d.permit, d.order_key`,
);
